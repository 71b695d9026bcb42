#!/usr/bin/env bash
# Step 2: C7 to C12 pruned; what that costs before anything is trained again.
source "$(dirname "$0")/common.sh"
prune() { # name, ratio, criterion
    mkdir -p "$OUT/pruned"
    [ -e "$OUT/pruned/$1.safetensors" ] || "$EPANNS" prune -m "$OUT/baseline/final.safetensors" --ratio "$2" \
        --criterion "$3" --skip-latency --name "$1" --output "$OUT/pruned/$1.safetensors"
    evaluate "$1-before" "$OUT/pruned/$1.safetensors"
}
prune operator-norm-25 0.25 operator-norm
prune operator-norm-50 0.50 operator-norm
prune operator-norm-75 0.75 operator-norm
prune invariant-50 0.50 operator-norm-invariant
prune l1-50 0.50 l1
prune random-50 0.50 random
