#!/bin/sh
# Before it is removed, the agent takes the host out of the roll.
# dpkg says `remove`; rpm how many versions will be left: 0, or 1 in an upgrade.
set -e
case "$1" in
  remove | 0) ;;
  *) exit 0 ;;
esac

units="rollcall-agent.service rollcall-report.timer rollcall-report-boot.timer"
if [ -d /run/systemd/system ]; then
  # shellcheck disable=SC2086
  systemctl stop $units || true
fi
# In an image that is being built, too, where systemd does not run: nothing is to point to what is
# gone.
if command -v systemctl >/dev/null; then
  # shellcheck disable=SC2086
  systemctl disable $units || true
fi
