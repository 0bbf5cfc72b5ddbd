#!/bin/sh
# After it is installed or upgraded: makes the agent's user and its state folder. It starts nothing:
# a host reports once somebody has said where to.
# dpkg says `configure`; rpm how many versions are there now: 1, or 2 in an upgrade.
set -e
case "$1" in
  configure | [1-9]*) ;;
  *) exit 0 ;;
esac

if ! getent group rollcall >/dev/null; then
  groupadd --system rollcall
fi
if ! getent passwd rollcall >/dev/null; then
  useradd --system --gid rollcall --home-dir /var/lib/rollcall --no-create-home \
    --shell /usr/sbin/nologin rollcall
fi
# As systemd would with the first start, so that rollcall doctor can be run as the agent's user
# before; and because systemd before 235 makes none.
install -d -o rollcall -g rollcall -m 0755 /var/lib/rollcall

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # An upgrade: the new program takes the old one's place, and the host stays in the roll, since the
  # agent sees that it is restarted.
  systemctl try-restart rollcall-agent.service || true
fi
