#!/usr/bin/env bash
# What pruning saves on this machine: one clip of 10 s, before and after in one run.
source "$(dirname "$0")/common.sh"
mkdir -p "$OUT/latency"
for precision in fp32 bf16; do
    for percent in 25 50 75; do
        file=$OUT/latency/$percent-$precision.json
        if [ -e "$file" ]; then continue; fi
        if "$EPANNS" prune -m "$OUT/baseline/final.safetensors" --ratio "0.$percent" --precision $precision \
            --threads "$THREADS" --dry-run --format json >"$file.part"; then
            mv "$file.part" "$file"
        elif [ $precision = fp32 ]; then
            exit 1
        fi # Not every processor computes in bf16.
    done
done
