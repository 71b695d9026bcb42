#!/usr/bin/env bash
# Makes the built-in model from an empty folder; run it again after a stop. See README.md.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] [OUT=FOLDER] Experiments/built-in/run.sh
#
# ESC10 holds ESC-10 with esc10.csv, MN04 is the teacher. US8K (UrbanSound8K with us8k.csv) is for the test at the end
# only and may be left out. Needs Debian with apt-get, Python with numpy, scipy and soundfile (PYTHON), ffmpeg.
# The model is OUT/epanns-mini.safetensors; copied to Sources/CBuiltInModel, it is built in.
set -euo pipefail
: "${ESC10:?is the folder of ESC-10 with esc10.csv}" "${MN04:?is mn04_as_mAP_432.pt, the teacher}"
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-built-in}
EPANNS=${EPANNS:-.build/release/epanns}
PYTHON=${PYTHON:-python3}
THREADS=${THREADS:-$(nproc)}
WIDE_ITERATIONS=${WIDE_ITERATIONS:-500}
NARROW_ITERATIONS=${NARROW_ITERATIONS:-4500}
mkdir -p "$OUT"

if [ ! -e "$OUT/data/table.csv" ]; then
    echo "== audio" >&2
    # Leaves alone what is there already; stops where a package is missing.
    "$here/fetch.sh" "$OUT/packages"
    "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" --out "$OUT/data" --hours 12 --seed 1
fi

source "$here/../train-once.sh"
train() { # name, options…
    local name=$1
    shift
    train_once "$OUT/$name" --config "$here/recipe.yaml" --data "$OUT/data/table.csv" --audio "$OUT/data" \
        --folds-train 1 --teacher "$MN04" --teacher-weight 1 --cache "$OUT/cache" "$@"
}

echo "== CNN14, whole" >&2
train wide --model cnn14 --iterations "$WIDE_ITERATIONS" --warmup 50
echo "== three quarters of C7 to C12 pruned" >&2
[ -e "$OUT/pruned.safetensors" ] || "$EPANNS" prune -m "$OUT/wide/final.safetensors" --ratio 0.75 --skip-latency \
    --name epanns-mini --output "$OUT/pruned.safetensors"
echo "== fine-tuning" >&2
train narrow --init "$OUT/pruned.safetensors" --iterations "$NARROW_ITERATIONS" --learning-rate 3e-4 \
    --schedule cosine --warmup 50
echo "== thresholds, on clips that were kept back" >&2
# First rounded, then calibrated: the thresholds are for the weights that are shipped.
[ -e "$OUT/rounded.safetensors" ] || "$EPANNS" convert "$OUT/narrow/final.safetensors" "$OUT/rounded.safetensors" \
    --dtype bf16 --name epanns-mini
[ -e "$OUT/epanns-mini.safetensors" ] || "$EPANNS" calibrate -m "$OUT/rounded.safetensors" --precision fp32 \
    --teacher "$MN04" --data "$OUT/data/table.csv" --audio "$OUT/data" --folds 2 \
    --output "$OUT/epanns-mini.safetensors"
echo "== tests on audio that it never saw" >&2
ESC10=$ESC10 US8K=${US8K:-} MN04=$MN04 OUT=$OUT EPANNS=$EPANNS "$here/test.sh" "$OUT/epanns-mini.safetensors"
