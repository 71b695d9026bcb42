#!/usr/bin/env bash
# Step 3: all pruned networks trained on in the same way, and one of the same shape from nothing.
source "$(dirname "$0")/common.sh"
tuning=(--iterations "$FINE_TUNING_ITERATIONS" --learning-rate 3e-4 --warmup 10
    --evaluate-every "$((FINE_TUNING_ITERATIONS / 3))")
for name in operator-norm-50 operator-norm-75 operator-norm-25 invariant-50 l1-50 random-50; do
    train "$name" --init "$OUT/pruned/$name.safetensors" "${tuning[@]}"
    evaluate "$name-after" "$OUT/$name/final.safetensors"
done
# The baseline, too: what is gained by training on, without pruning.
train unpruned --init "$OUT/baseline/final.safetensors" "${tuning[@]}"
evaluate unpruned-after "$OUT/unpruned/final.safetensors"
# For as long; at the baseline's rate, since there is nothing to preserve.
train scratch-50 --model epanns-50 --iterations "$FINE_TUNING_ITERATIONS" --warmup 20 \
    --evaluate-every "$((FINE_TUNING_ITERATIONS / 3))"
evaluate scratch-50-after "$OUT/scratch-50/final.safetensors"
