#!/usr/bin/env bash
# What pruning saves on this machine: one clip of 10 s, before and after in one run.
source "$(dirname "$0")/common.sh"
mkdir -p "$OUT/latency"
for precision in fp32 bf16; do
    for percent in 25 50 75; do
        "$EPANNS" prune -m "$OUT/baseline/final.safetensors" --ratio "0.$percent" --precision $precision \
            --threads "$THREADS" --dry-run --format json >"$OUT/latency/$percent-$precision.json" ||
            rm -f "$OUT/latency/$percent-$precision.json"
    done
done
