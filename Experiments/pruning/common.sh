# shellcheck shell=bash
# What the steps have in common; sourced by them. See README.md.
set -euo pipefail
: "${ESC10:?is the folder of ESC-10 with esc10.csv}" "${US8K:?is the folder of UrbanSound8K with us8k.csv}"
: "${MN04:?is mn04_as_mAP_432.pt, the teacher}"
OUT=${OUT:-experiment-pruning}
EPANNS=${EPANNS:-.build/release/epanns}
THREADS=${THREADS:-$(nproc)}
BASELINE_ITERATIONS=${BASELINE_ITERATIONS:-2400}
FINE_TUNING_ITERATIONS=${FINE_TUNING_ITERATIONS:-300}
mkdir -p "$OUT"

# ESC-10 folds 1–4 and UrbanSound8K folds 1 and 2 to train on, the other folds to test on; mn04 says what is heard.
data=(--data "$ESC10/esc10.csv" --audio "$ESC10" --folds-test 5
    --data "$US8K/us8k.csv" --audio "$US8K" --folds-train '1,2' --folds-test 3)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
recipe=(--config "$here/recipe.yaml" --teacher "$MN04" --teacher-weight 1 --cache "$OUT/cache")

source "$here/../train-once.sh"
train() { # name, options…
    local name=$1
    shift
    train_once "$OUT/$name" "${data[@]}" "${recipe[@]}" "$@"
}

# evaluate NAME MODEL: against the teacher on both test sets, and ten-way without training on ESC-10's fold 5.
evaluate() {
    local name=$1 model=$2
    mkdir -p "$OUT/results" "$OUT/test"
    if [ ! -e "$OUT/test/table.csv" ]; then
        ln -sfn "$(realpath "$ESC10")" "$OUT/test/esc10"
        ln -sfn "$(realpath "$US8K")" "$OUT/test/us8k"
        # Both sets were cut from Freesound's recordings, and a few are in both: clips of a recording that is trained on
        # are left out of the test. The names hold its number: FOLD-NUMBER-TAKE-CLASS, NUMBER-CLASS-….
        awk -F, '
            function recording(name) { return part[split(name, part, "-") > 3 && isESC ? 2 : 1] }
            FNR == 1 { isESC = FILENAME == ARGV[1] || FILENAME == ARGV[3]; pass = ++files; next }
            { id = recording($1); isTest = $2 == (isESC ? 5 : 3) }
            pass <= 2 && !isTest { trained[id] }
            pass > 2 && isTest && !(id in trained) { print (isESC ? "esc10/" : "us8k/") $1 "," $2 }
        ' "$ESC10/esc10.csv" "$US8K/us8k.csv" "$ESC10/esc10.csv" "$US8K/us8k.csv" >"$OUT/test/rows.part"
        { echo filename,fold && cat "$OUT/test/rows.part"; } >"$OUT/test/table.csv.part"
        # The same of ESC-10 alone, with its classes.
        awk -F, 'NR == FNR { kept[$1]; next } FNR == 1 || "esc10/" $1 in kept' \
            "$OUT/test/rows.part" "$ESC10/esc10.csv" >"$OUT/test/esc10.csv"
        mv "$OUT/test/table.csv.part" "$OUT/test/table.csv"
    fi
    [ -e "$OUT/results/$name.teacher.json" ] || "$EPANNS" evaluate -m "$model" --precision fp32 --teacher "$MN04" \
        --data "$OUT/test/table.csv" --jobs "$THREADS" --output "$OUT/results/$name.teacher.json" >/dev/null
    [ -e "$OUT/results/$name.zero-shot.json" ] || "$EPANNS" evaluate -m "$model" --precision fp32 \
        --data "$OUT/test/esc10.csv" --audio "$ESC10" --map "$here/../../Tools/reference/label_maps.json" \
        --jobs "$THREADS" --output "$OUT/results/$name.zero-shot.json" >/dev/null
}
