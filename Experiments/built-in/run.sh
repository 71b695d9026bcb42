#!/usr/bin/env bash
# Makes the built-in model from an empty folder; run it again after a stop. See README.md.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] [OUT=FOLDER] Experiments/built-in/run.sh
#
# ESC10 holds ESC-10 with esc10.csv, MN04 is the teacher. US8K (UrbanSound8K with us8k.csv) is for the test at the end
# only and may be left out. Needs Debian 12 (packages.lock has its packages; of other releases some are missing) with
# apt-get, Python with numpy, scipy and soundfile (PYTHON), ffmpeg, 25 GB of disk, and about 80 minutes on two cores.
# The model is OUT/epanns-mini.safetensors; copied to Sources/CBuiltInModel/model, it is built in.
# A step that is done is not done again, whatever the iterations asked for: for other numbers take another OUT.
set -euo pipefail
: "${ESC10:?is the folder of ESC-10 with esc10.csv}" "${MN04:?is mn04_as_mAP_432.pt, the teacher}"
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-.build/built-in}
EPANNS=${EPANNS:-.build/release/epanns}
PYTHON=${PYTHON:-python3}
THREADS=${THREADS:-$(nproc)}
WIDE_ITERATIONS=${WIDE_ITERATIONS:-500}
SMALL_ITERATIONS=${SMALL_ITERATIONS:-5000}
LONG_ITERATIONS=${LONG_ITERATIONS:-4500}

# All that can be wrong at the start is found at the start.
fail() {
    echo "run.sh: $1" >&2
    exit 66
}
"$EPANNS" --version >/dev/null 2>&1 || fail "$EPANNS does not run; build it (swift build -c release) or set EPANNS."
"$EPANNS" info "$MN04" >/dev/null || fail "MN04 should be the teacher's file."
[ -r "$ESC10/esc10.csv" ] || fail "there is no $ESC10/esc10.csv; see Experiments/built-in/make_data.py --help."
[ -z "${US8K:-}" ] || [ -r "$US8K/us8k.csv" ] || fail "there is no $US8K/us8k.csv."
"$PYTHON" -c "import numpy, scipy, soundfile" || fail "$PYTHON needs numpy, scipy and soundfile; or set PYTHON."
for tool in ffmpeg apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || fail "$tool is not here."
done
mkdir -p "$OUT"

stage() { printf '== %s (after %d s)\n' "$1" "$SECONDS" >&2; }
made() { [ -e "$OUT/$1/table.csv" ]; }
make_data() { # folder, options…
    local folder=$1
    shift
    exec "$PYTHON" "$here/make_data.py" --packages "$OUT/packages" --esc10 "$ESC10" --out "$OUT/$folder" "$@"
}
choose() { # folder, options…
    local folder=$OUT/$1
    shift
    if [ -e "$folder/chosen.csv" ]; then return; fi
    # What is chosen shall not depend on the processor.
    "$EPANNS" tag -m "$MN04" --precision fp32 --top-k 527 --format jsonl "$folder/clips" >"$folder/heard.jsonl"
    "$PYTHON" "$here/choose.py" "$folder" --heard "$folder/heard.jsonl" "$@"
    rm "$folder/heard.jsonl"
}

stage "audio"
# Leaves alone what is there already; stops where a package is missing.
made data && made kept && made city || "$here/fetch.sh" "$OUT/packages"
# The largest set beside the others; it must not go on alone when this stops.
city=
trap '[ -z "$city" ] || kill "$city" 2>/dev/null || true' EXIT
if ! made city; then
    make_data city --hours 20 --seed 2 --shares city &
    city=$!
fi
made data || (make_data data --hours 12 --seed 1)
made kept || (make_data kept --hours 4 --seed 3 --calibration 1)
[ -z "$city" ] || wait "$city"
city=
stage "what the teacher hears in it"
choose data
choose city --wanted
"$PYTHON" "$here/make_sources.py" --packages "$OUT/packages" --data "$OUT/data" --city "$OUT/city" >"$OUT/SOURCES.md"

source "$here/../train-once.sh"
# The streets twice: they are what a sensor hears, and the smaller part.
ln -sfn city "$OUT/city-again"
audio=()
for set in data city city-again; do
    audio+=(--data "$OUT/$set/chosen.csv" --audio "$OUT/$set" --folds-train 1)
done
train() { # name, options…
    local name=$1
    shift
    train_once "$OUT/$name" --config "$here/recipe.yaml" --teacher "$MN04" --teacher-weight 1 --cache "$OUT/cache" \
        "${audio[@]}" "$@"
}
prune() { # input, output, options…
    local input=$1 output=$2
    shift 2
    [ -e "$output" ] || "$EPANNS" prune -m "$input" --skip-latency --output "$output" "$@"
}

stage "CNN14, whole"
train wide --model cnn14 --batch-size 8 --iterations "$WIDE_ITERATIONS" --warmup 50
stage "three quarters of C7 to C12 pruned, and half of C1 to C6"
prune "$OUT/wide/final.safetensors" "$OUT/late.safetensors" --ratio 0.75
prune "$OUT/late.safetensors" "$OUT/pruned.safetensors" --layers C1-C6 --ratio 0.5 --name epanns-mini
stage "fine-tuning"
train small --init "$OUT/pruned.safetensors" --iterations "$SMALL_ITERATIONS" --learning-rate 3e-4 \
    --schedule cosine --warmup 50
stage "and on longer pieces, as recordings are"
train long --batch-size 10 --clip-seconds 5 --init "$OUT/small/final.safetensors" \
    --iterations "$LONG_ITERATIONS" --learning-rate 3e-4 --schedule cosine --warmup 50
stage "thresholds, on clips of recordings that were kept back"
# First rounded, then calibrated: the thresholds are for the weights that are shipped.
[ -e "$OUT/rounded.safetensors" ] || "$EPANNS" convert "$OUT/long/final.safetensors" "$OUT/rounded.safetensors" \
    --dtype bf16 --name epanns-mini
{
    echo filename
    for table in kept/table city/chosen; do
        awk -F, -v set="${table%/*}" '$2 == 2 { print set "/" $1 }' "$OUT/$table.csv"
    done
} >"$OUT/kept-back.csv"
[ -e "$OUT/epanns-mini.safetensors" ] || "$EPANNS" calibrate -m "$OUT/rounded.safetensors" --precision fp32 \
    --teacher "$MN04" --data "$OUT/kept-back.csv" --audio "$OUT" --output "$OUT/epanns-mini.safetensors"
stage "tests on audio that it never saw"
ESC10=$ESC10 US8K=${US8K:-} MN04=$MN04 OUT=$OUT EPANNS=$EPANNS "$here/test.sh" "$OUT/epanns-mini.safetensors"
stage "done"
