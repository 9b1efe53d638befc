#!/bin/bash
# Writes the demo's configuration: one store at the sandbox, mail and webhook to its sinks.
#
# usage: demo.sh DIR OZON_PORT SMTP_PORT WEBHOOK_PORT
set -euo pipefail
dir=$1 ozon=$2 smtp=$3 webhook=$4
conf=$(cd "$(dirname "$0")/../../conf" && pwd)

ln -s "$conf/rules.d" "$conf/words.d" "$conf/texts" "$dir/"
# The store and its key are what the scenario says, so that they cannot differ.
scenario=$(dirname "$0")/scenarios/demo.yaml
client=$(sed -nE 's/^ *- client_id: "([0-9]+)".*/\1/p' "$scenario")
umask 077
sed -nE 's/^ *api_key: +//p' "$scenario" >"$dir/ozon.key"
cat >"$dir/storehealthd.yaml" <<EOF
listen: unix:$dir/api.sock
state: $dir/state.db

stores:
  - id: ozon-demo
    marketplace: ozon
    kind: local
    client_id: "$client"
    api_key: {file: $dir/ozon.key}
    base_url: http://127.0.0.1:$ozon
    timezone: Europe/Moscow
    currency: RUB
    # A demo is impatient; real stores keep the defaults.
    poll: {orders: 2s, stock: 3s, reviews: 3s, logistics: 3s, complaints: 2s, account: 3s}

channels:
  mail:
    type: email
    host: 127.0.0.1
    port: $smtp
    tls: none
    from: storehealthd@example.com
    to: [owner@example.com]
    language: en
    timezone: Europe/Moscow
  team-zh:
    type: webhook
    url: http://127.0.0.1:$webhook/team
    language: zh
    timezone: Asia/Shanghai

routes:
  - match: level >= warning
    to: [mail, team-zh]
  - to: [team-zh]
EOF
