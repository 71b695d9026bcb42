#!/usr/bin/env bash
# The paper's experiment from start to end; run it again after a stop. See README.md.
#
#   ESC10=FOLDER US8K=FOLDER MN04=mn04_as_mAP_432.pt [OUT=FOLDER] Experiments/pruning/run.sh
set -euo pipefail
here=$(dirname "$0")
for step in 1-baseline 2-prune 3-fine-tune 4-latency figure-4 figure-5; do
    echo "== $step" >&2
    bash "$here/$step.sh"
done
