#!/usr/bin/env bash
# Tests a model on what the built-in one never saw: ESC-10's fold 5, and UrbanSound8K where US8K names it.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] Experiments/built-in/test.sh MODEL
set -euo pipefail
: "${ESC10:?is the folder of ESC-10 with esc10.csv}" "${MN04:?is mn04_as_mAP_432.pt, the teacher}"
here=$(cd "$(dirname "$0")" && pwd)
EPANNS=${EPANNS:-.build/release/epanns}
model=$1
maps=$here/../../Tools/reference/label_maps.json
heading() { printf '\n### %s\n' "$1"; }
for who in "$MN04" "$model"; do
    heading "$(basename "$who"): ESC-10 fold 5, ten-way, no training on it"
    "$EPANNS" evaluate -m "$who" --data "$ESC10/esc10.csv" --folds 5 --map "$maps"
    if [ -n "${US8K:-}" ]; then
        heading "$(basename "$who"): UrbanSound8K, ten-way, no training on it"
        "$EPANNS" evaluate -m "$who" --data "$US8K/us8k.csv" --map "$maps"
    fi
done
heading "$(basename "$model") beside its teacher: ESC-10 fold 5"
"$EPANNS" evaluate -m "$model" --teacher "$MN04" --data "$ESC10/esc10.csv" --folds 5
if [ -n "${US8K:-}" ]; then
    heading "$(basename "$model") beside its teacher: UrbanSound8K"
    "$EPANNS" evaluate -m "$model" --teacher "$MN04" --data "$US8K/us8k.csv"
fi
