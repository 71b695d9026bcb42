#!/usr/bin/env bash
# Step 1: CNN14 with 527 outputs, from nothing, on mn04's scores of every crop.
source "$(dirname "$0")/common.sh"
# First the biases learn that most classes are rare; then a fresh optimiser, which knows nothing of those large gradients.
train biases --model cnn14 --iterations 100 --learning-rate 1e-3 --schedule constant --warmup 50
train baseline --init "$OUT/biases/final.safetensors" --iterations "$BASELINE_ITERATIONS" --learning-rate 3e-4 \
    --warmup 20 --evaluate-every "$((BASELINE_ITERATIONS / 4))"
evaluate baseline "$OUT/baseline/final.safetensors"
