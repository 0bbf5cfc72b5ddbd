#!/bin/sh
# Installs or updates the agent on Debian's and Red Hat's families (Amazon Linux among
# them), x64 and arm64. cloud-init.yaml and ssm-document.yaml carry this very script; by
# hand, as root:
#   sh install.sh RELEASE SUMS STORE [SPEC_KEYS [ALLOW_COMMANDS]]
# RELEASE is the https:// address of a folder with the packages and SHA256SUMS; SUMS is
# the SHA-256 of that SHA256SUMS, whose signature you have verified (docs/install.md):
# nothing else is installed. SPEC_KEYS are the public keys of `rollcall spec keygen`: the
# agent follows the specs that they signed. Without one it reports facts of the host
# alone. A configuration that is there stays, and so does what reports by it: the agent is
# enabled where there was none, or nothing was.
set -eu
# What is made here is read by others: apt's user, the agent's.
umask 022
release=${1%/} sums=$2 store=$3 spec_keys=${4:-} allow_commands=${5:-}

fail() {
  echo "rollcall: $*" >&2
  exit 1
}
case "$store$spec_keys$allow_commands" in
  *[\'\"\\]* | *'
'*) fail "a setting has a quote, a backslash or a line's end in it" ;;
esac

ID='' ID_LIKE=''
. /etc/os-release
case " $ID $ID_LIKE " in
  *' debian '*) family=deb ;;
  *' amzn '* | *' rhel '* | *' fedora '*) family=rpm ;;
  *) fail "there is no package for $ID: see \"Other Linux\" in docs/install.md" ;;
esac
case "$family $(uname -m)" in
  'deb x86_64') ending=_amd64.deb ;;
  'deb aarch64') ending=_arm64.deb ;;
  'rpm x86_64') ending=.x86_64.rpm ;;
  'rpm aarch64') ending=.aarch64.rpm ;;
  *) fail "there is no package for $(uname -m)" ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# apt reads the package as a user of its own.
chmod 755 "$folder"
cd "$folder"
curl -fsSL --proto =https --retry 3 -o SHA256SUMS "$release/SHA256SUMS"
echo "$sums  SHA256SUMS" | sha256sum --check --status - ||
  fail "$release/SHA256SUMS is not the one that you verified"
file=$(sed -n "s/^[0-9a-f]\{64\}  \(rollcall[^ /]*\)\$/\1/p" SHA256SUMS |
  grep -F -- "$ending" || true)
[ "$(printf '%s\n' "$file" | grep -c .)" = 1 ] ||
  fail "SHA256SUMS names not one *$ending, but: $file"
curl -fsSL --proto =https --retry 3 -o "$file" "$release/$file"
grep -F -- "  $file" SHA256SUMS | sha256sum --check --status - ||
  fail "$file is not what SHA256SUMS says"

if [ "$family" = deb ]; then
  # At a first boot others install too.
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y "./$file"
elif command -v dnf >/dev/null; then
  dnf install -y "./$file"
else
  # Amazon Linux 2's fails where there is nothing to do.
  rpm -q --quiet "$(rpm -qp --nosignature "./$file")" || yum install -y "./$file"
fi

config=/etc/rollcall/config.yaml is_new=no
if [ ! -e "$config" ]; then
  is_new=yes
  {
    echo "store: '$store'"
    [ -z "$spec_keys" ] || echo "spec_keys: '$spec_keys'"
    [ -z "$allow_commands" ] || echo "allow_commands: '$allow_commands'"
  } >"$config"
fi
# A host that reports by the timers, say, goes on with them.
if [ "$is_new" = yes ] ||
  ! systemctl is-enabled --quiet rollcall-agent.service rollcall-report.timer \
    rollcall-report-boot.timer 2>/dev/null; then
  systemctl enable --now rollcall-agent.service
fi
runuser -u rollcall -- rollcall doctor --config "$config" --state /var/lib/rollcall
