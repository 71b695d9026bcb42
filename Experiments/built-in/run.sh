#!/usr/bin/env bash
# Makes the built-in model from an empty folder; run it again after a stop. See README.md.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] [OUT=FOLDER] Experiments/built-in/run.sh
#
# ESC10 holds ESC-10 with esc10.csv, MN04 is the teacher. US8K (UrbanSound8K with us8k.csv) is for the test at the end
# only and may be left out. Needs Debian with apt-get, Python with numpy, scipy and soundfile (PYTHON), ffmpeg.
# The model is OUT/epanns-mini.safetensors; copied to Sources/CBuiltInModel/model, it is built in.
set -euo pipefail
: "${ESC10:?is the folder of ESC-10 with esc10.csv}" "${MN04:?is mn04_as_mAP_432.pt, the teacher}"
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-built-in}
EPANNS=${EPANNS:-.build/release/epanns}
PYTHON=${PYTHON:-python3}
THREADS=${THREADS:-$(nproc)}
WIDE_ITERATIONS=${WIDE_ITERATIONS:-500}
SMALL_ITERATIONS=${SMALL_ITERATIONS:-6000}
LONG_ITERATIONS=${LONG_ITERATIONS:-4000}
STREET_ITERATIONS=${STREET_ITERATIONS:-2200}
mkdir -p "$OUT"

if [ ! -e "$OUT/data/table.csv" ]; then
    echo "== audio" >&2
    # Leaves alone what is there already; stops where a package is missing.
    "$here/fetch.sh" "$OUT/packages"
    "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" --out "$OUT/data" --hours 12 --seed 1
fi
if [ ! -e "$OUT/city/all.csv" ]; then
    echo "== audio of streets and yards, of which the teacher chooses" >&2
    [ -e "$OUT/city/table.csv" ] || "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" \
        --out "$OUT/city" --hours 12 --seed 2 --shares city
    "$EPANNS" tag -m "$MN04" --top-k 527 --format jsonl "$OUT/city/clips" >"$OUT/city/heard.jsonl"
    "$PYTHON" "$here/choose.py" "$OUT/city" --heard "$OUT/city/heard.jsonl"
fi

source "$here/../train-once.sh"
general=(--data "$OUT/data/table.csv" --audio "$OUT/data" --folds-train 1)
city=(--data "$OUT/city/table.csv" --audio "$OUT/city" --folds-train 1)
train() { # name, options…
    local name=$1
    shift
    train_once "$OUT/$name" --config "$here/recipe.yaml" --teacher "$MN04" --teacher-weight 1 --cache "$OUT/cache" "$@"
}
prune() { # input, output, options…
    local input=$1 output=$2
    shift 2
    [ -e "$output" ] || "$EPANNS" prune -m "$input" --skip-latency --output "$output" "$@"
}

echo "== CNN14, whole" >&2
train wide "${general[@]}" --model cnn14 --batch-size 8 --iterations "$WIDE_ITERATIONS" --warmup 50
echo "== three quarters of C7 to C12 pruned, and half of C1 to C6" >&2
prune "$OUT/wide/final.safetensors" "$OUT/late.safetensors" --ratio 0.75
prune "$OUT/late.safetensors" "$OUT/pruned.safetensors" --layers C1-C6 --ratio 0.5 --name epanns-mini
echo "== fine-tuning" >&2
train small "${general[@]}" --init "$OUT/pruned.safetensors" --iterations "$SMALL_ITERATIONS" --learning-rate 3e-4 \
    --schedule cosine --warmup 50
echo "== and with the streets, on longer pieces, as recordings are" >&2
train long "${general[@]}" "${city[@]}" --batch-size 10 --clip-seconds 5 --init "$OUT/small/final.safetensors" \
    --iterations "$LONG_ITERATIONS" --learning-rate 3e-4 --schedule cosine --warmup 50
echo "== with less music, and the streets twice" >&2
[ -e "$OUT/data/thinned.csv" ] || "$PYTHON" "$here/thin.py" "$OUT/data/table.csv" "$OUT/data/thinned.csv"
ln -sfn city "$OUT/city-again"
train streets --data "$OUT/data/thinned.csv" --audio "$OUT/data" --folds-train 1 "${city[@]}" \
    --data "$OUT/city-again/table.csv" --audio "$OUT/city-again" --folds-train 1 \
    --batch-size 10 --clip-seconds 5 --init "$OUT/long/final.safetensors" --iterations "$STREET_ITERATIONS" \
    --learning-rate 2.5e-4 --schedule cosine --warmup 30
echo "== thresholds, on clips of recordings that were kept back" >&2
[ -e "$OUT/kept/table.csv" ] || "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" \
    --out "$OUT/kept" --hours 4 --seed 3 --calibration 1
# First rounded, then calibrated: the thresholds are for the weights that are shipped.
[ -e "$OUT/rounded.safetensors" ] || "$EPANNS" convert "$OUT/streets/final.safetensors" "$OUT/rounded.safetensors" \
    --dtype bf16 --name epanns-mini
{
    echo filename
    for set in data city kept; do awk -F, -v set=$set '$2 == 2 { print set "/" $1 }' "$OUT/$set/table.csv"; done
} >"$OUT/kept-back.csv"
[ -e "$OUT/epanns-mini.safetensors" ] || "$EPANNS" calibrate -m "$OUT/rounded.safetensors" --precision fp32 \
    --teacher "$MN04" --data "$OUT/kept-back.csv" --audio "$OUT" --output "$OUT/epanns-mini.safetensors"
echo "== tests on audio that it never saw" >&2
ESC10=$ESC10 US8K=${US8K:-} MN04=$MN04 OUT=$OUT EPANNS=$EPANNS "$here/test.sh" "$OUT/epanns-mini.safetensors"
