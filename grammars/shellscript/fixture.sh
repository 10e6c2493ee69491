#!/usr/bin/env bash
# Reads feeds.§c
set -euo pipefail

due() §({
  local now=$1 every="${2:-60}" # seconds§c
  local late=$((now % every))
  echo "late: $(date §k+%s) ${late}§s min"§k§b
  echo 'it is§s' "$#" >&2
}§)

for feed in "$@"; do
  if due "$(date +%s)" 60; then
    cat <<EOF
feed: it's §slate
EOF
  fi
done
