#!/bin/sh
# rclone copies the bucket into memory, 128 at a time, and jq makes one array of it.
# rclone.sh BUCKET ENDPOINT
set -e
folder=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$folder"' EXIT
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_FLEET_TYPE=s3 RCLONE_CONFIG_FLEET_PROVIDER=Ceph \
  RCLONE_CONFIG_FLEET_ENV_AUTH=true RCLONE_CONFIG_FLEET_ENDPOINT="$2" RCLONE_CONFIG_FLEET_REGION=us-east-1
rclone copy --transfers 128 --checkers 128 --fast-list --max-age 2h "fleet:$1/reports/v1" "$folder"
find "$folder" -name '*.json' -print0 | xargs -0 cat | jq -cs .
