#!/usr/bin/env bash
# As the paper's Fig. 4: how fast the pruned networks come back.
source "$(dirname "$0")/common.sh"
runs=()
for name in unpruned operator-norm-25 operator-norm-50 operator-norm-75 invariant-50 l1-50 random-50 scratch-50; do
    runs+=("$OUT/$name")
done
"$EPANNS" plot curves "${runs[@]}" --metric map --title "Fine-tuning after pruning" --output "$OUT/figure-4.svg"
"$EPANNS" plot curves "$OUT/baseline" --metric map --title "CNN14 distilled from mn04" --output "$OUT/baseline.svg"
