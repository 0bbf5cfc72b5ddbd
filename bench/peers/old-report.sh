#!/bin/sh
# The old way to make a report: a script on cron, with a curl for each fact and a jq for each field.
# old-report.sh METADATA_URL FOLDER
set -eu
metadata=$1/latest/meta-data
json=$(jq -n --arg v "$(date +%FT%T%z)" '{update_date: $v}')
json=$(echo "$json" | jq --arg v "$(uptime -s)" '.os_start_date = $v')
json=$(echo "$json" | jq --arg v "$(curl -s "$metadata/instance-id")" '.instance_id = $v')
json=$(echo "$json" | jq --arg v "$(curl -s "$metadata/tags/instance/Name")" '.instance_name = $v')
json=$(echo "$json" | jq --arg v "$(curl -s "$metadata/instance-type")" '.instance_type = $v')
json=$(echo "$json" | jq --arg v "$(curl -s "$metadata/instance-life-cycle")" '.instance_life_cycle = $v')
json=$(echo "$json" | jq --arg v "$(sh "$2/app" --version | awk '/^version/ {print $2}')" '.app_version = $v')
json=$(echo "$json" | jq '.processes = []')
for file in "$2"/conf/*.conf; do
  process='{}'
  for field in module_A_filename module_B_filename; do
    value=$(grep "^$field" "$file" | cut -d= -f2)
    process=$(echo "$process" | jq --arg v "$value" ".$field = \$v")
  done
  json=$(echo "$json" | jq --argjson p "$process" '.processes += [$p]')
done
echo "$json"
