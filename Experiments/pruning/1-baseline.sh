#!/usr/bin/env bash
# Step 1: CNN14 with 527 outputs, from nothing, on mn04's scores of every crop.
source "$(dirname "$0")/common.sh"
train baseline --model cnn14 --iterations "$BASELINE_ITERATIONS" --warmup 100 --evaluate-every 300
evaluate baseline "$OUT/baseline/final.safetensors"
