#!/usr/bin/env bash
# Makes the built-in model from an empty folder; run it again after a stop. See README.md.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] [OUT=FOLDER] Experiments/built-in/run.sh
#
# ESC10 holds ESC-10 with esc10.csv, MN04 is the teacher. US8K (UrbanSound8K with us8k.csv) is for the test at the end
# only and may be left out. Needs Debian with apt-get, Python with numpy, scipy and soundfile (PYTHON), ffmpeg.
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

echo "== audio" >&2
[ -e "$OUT/packages/packages.tsv" ] || "$here/fetch.sh" "$OUT/packages"
[ -e "$OUT/data/table.csv" ] ||
    "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" --out "$OUT/data" --hours 12 --seed 1

train() { # name, options…: resumes what was stopped, leaves what is done alone
    local name=$1
    shift
    if [ -e "$OUT/$name/final.safetensors" ]; then return; fi
    if [ -e "$OUT/$name/configuration.json" ]; then
        "$EPANNS" train --resume --output "$OUT/$name" --threads "$THREADS"
    else
        "$EPANNS" train --output "$OUT/$name" --data "$OUT/data/table.csv" --audio "$OUT/data" --folds-train 1 \
            --teacher "$MN04" --teacher-weight 1 --clip-seconds 2 --batch-size 8 --warmup 50 \
            --cache "$OUT/cache" --threads "$THREADS" "$@"
    fi
}

echo "== CNN14, whole" >&2
train wide --model cnn14 --iterations "$WIDE_ITERATIONS"
echo "== three quarters of C7 to C12 pruned" >&2
[ -e "$OUT/pruned.safetensors" ] || "$EPANNS" prune -m "$OUT/wide/final.safetensors" --ratio 0.75 --skip-latency \
    --name epanns-mini --output "$OUT/pruned.safetensors"
echo "== fine-tuning" >&2
train narrow --init "$OUT/pruned.safetensors" --iterations "$NARROW_ITERATIONS" --schedule cosine
echo "== thresholds, on clips that were kept back" >&2
[ -e "$OUT/epanns-mini.safetensors" ] || "$EPANNS" calibrate -m "$OUT/narrow/final.safetensors" --teacher "$MN04" \
    --data "$OUT/data/table.csv" --audio "$OUT/data" --folds 2 --name epanns-mini --dtype bf16 \
    --output "$OUT/epanns-mini.safetensors"
echo "== tests on audio that it never saw" >&2
ESC10=$ESC10 US8K=${US8K:-} MN04=$MN04 OUT=$OUT EPANNS=$EPANNS "$here/test.sh" "$OUT/epanns-mini.safetensors"
