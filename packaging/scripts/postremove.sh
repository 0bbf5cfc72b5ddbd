#!/bin/sh
# After it is removed. With purge, what the agent kept goes too; its configuration is the
# operator's.
# rpm knows no purge, and leaves what a program kept, as it does everywhere.
set -e
if [ "$1" = purge ]; then
  rm -rf /var/lib/rollcall
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
