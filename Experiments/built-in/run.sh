#!/usr/bin/env bash
# Makes the built-in model from an empty folder; run it again after a stop. See README.md.
#
#   ESC10=FOLDER MN04=mn04_as_mAP_432.pt [US8K=FOLDER] [OUT=FOLDER] Experiments/built-in/run.sh
#
# ESC10 holds ESC-10 with esc10.csv, MN04 is the teacher. US8K (UrbanSound8K with us8k.csv) is for the test at the end
# only and may be left out. Needs Debian 12 (packages.lock has its packages; of other releases some are missing) with
# apt-get, Python with numpy, scipy and soundfile (PYTHON), ffmpeg, 25 GB of disk, and about two hours on two cores.
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
SMALL_ITERATIONS=${SMALL_ITERATIONS:-6000}
LONG_ITERATIONS=${LONG_ITERATIONS:-4000}
STREET_ITERATIONS=${STREET_ITERATIONS:-2200}
RARER_ITERATIONS=${RARER_ITERATIONS:-700}
RAREST_ITERATIONS=${RAREST_ITERATIONS:-1200}
LAST_ITERATIONS=${LAST_ITERATIONS:-1000}

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
hear() { # folder: what the teacher hears; at float32, so that what is chosen does not depend on the processor
    local heard=$OUT/$1/heard.jsonl
    if [ -e "$heard" ]; then return; fi
    "$EPANNS" tag -m "$MN04" --precision fp32 --top-k 527 --format jsonl "$OUT/$1/clips" >"$heard.part"
    mv "$heard.part" "$heard"
}
choose() { # folder, table to write, options…
    local folder=$OUT/$1 output=$OUT/$1/$2
    shift 2
    [ -e "$output" ] || "$PYTHON" "$here/choose.py" "$folder" --heard "$folder/heard.jsonl" --output "$output" "$@"
}

stage "audio"
# Leaves alone what is there already; stops where a package is missing.
if ! { made data && made kept && made city; }; then "$here/fetch.sh" "$OUT/packages"; fi
# The largest set beside the others; it must not go on alone when this stops.
city=
trap '[ -z "$city" ] || kill "$city" 2>/dev/null || true' EXIT
if ! made city; then
    make_data city --hours 12 --seed 2 --shares city &
    city=$!
fi
made data || (make_data data --hours 12 --seed 1)
made kept || (make_data kept --hours 4 --seed 3 --calibration 1)
[ -z "$city" ] || wait "$city"
city=
stage "what the teacher hears in it"
hear data
hear city
choose data sparse.csv --sparse 0.4
choose city chosen.csv --wanted
choose data rarer.csv --music 0.1 0.1
choose city rarer.csv --music 0.1 0.1 --table "$OUT/city/chosen.csv"
choose data rarest.csv --music 0.07 0.04
choose city rarest.csv --music 0.07 0.04 --table "$OUT/city/chosen.csv"
"$PYTHON" "$here/make_sources.py" --packages "$OUT/packages" --data "$OUT/data" --city "$OUT/city" >"$OUT/SOURCES.md"

source "$here/../train-once.sh"
# The streets are the smaller part, and what a sensor hears: under further names they are drawn from more often.
ln -sfn city "$OUT/city-2"
ln -sfn city "$OUT/city-3"
on() { # SET/TABLE…: the options for these tables, in `audio`
    audio=()
    local table
    for table in "$@"; do
        audio+=(--data "$OUT/$table.csv" --audio "$OUT/${table%/*}" --folds-train 1)
    done
}
train() { # name, options…; on what `on` named
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
on data/table
train wide --model cnn14 --batch-size 8 --iterations "$WIDE_ITERATIONS" --warmup 50
stage "three quarters of C7 to C12 pruned, and half of C1 to C6"
prune "$OUT/wide/final.safetensors" "$OUT/late.safetensors" --ratio 0.75
prune "$OUT/late.safetensors" "$OUT/pruned.safetensors" --layers C1-C6 --ratio 0.5 --name epanns-mini
stage "fine-tuning"
train small --init "$OUT/pruned.safetensors" --iterations "$SMALL_ITERATIONS" --learning-rate 3e-4 \
    --schedule cosine --warmup 50
longer() { # name, start, iterations, rate, warm-up, tables…: on pieces as long as recordings are
    local name=$1 start=$2 iterations=$3 rate=$4 warmup=$5
    shift 5
    on "$@"
    train "$name" --batch-size 10 --clip-seconds 5 --schedule cosine --init "$OUT/$start/final.safetensors" \
        --iterations "$iterations" --learning-rate "$rate" --warmup "$warmup"
}
stage "and with the streets, on longer pieces"
longer long small "$LONG_ITERATIONS" 3e-4 50 data/table city/chosen
stage "with fewer tunes, tones and noises, and the streets twice"
longer streets long "$STREET_ITERATIONS" 2.5e-4 30 data/sparse city/chosen city-2/chosen
stage "with one in ten of what the teacher hears music in"
longer rarer streets "$RARER_ITERATIONS" 2e-4 30 data/rarer city/rarer city-2/rarer
stage "with one in 25, and the streets three times"
longer rarest rarer "$RAREST_ITERATIONS" 3e-4 30 data/rarest city/rarest city-2/rarest city-3/rarest
stage "and twice, to end"
longer last rarest "$LAST_ITERATIONS" 2e-4 30 data/rarest city/rarest city-2/rarest
stage "thresholds, on clips of recordings that were kept back"
# First rounded, then calibrated: the thresholds are for the weights that are shipped.
[ -e "$OUT/rounded.safetensors" ] || "$EPANNS" convert "$OUT/last/final.safetensors" "$OUT/rounded.safetensors" \
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
export ESC10 US8K=${US8K:-} MN04 OUT EPANNS
"$here/test.sh" "$OUT/epanns-mini.safetensors"
stage "done"
