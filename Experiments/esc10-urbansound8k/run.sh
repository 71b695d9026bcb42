#!/usr/bin/env bash
# ESC-10 and a part of UrbanSound8K: a network from nothing, and mn04 fine-tuned. Resumable: run it again after a stop.
#
#   Experiments/esc10-urbansound8k/run.sh ESC10-FOLDER US8K-FOLDER mn04_as_mAP_432.pt OUTPUT [epanns]
#
# The folders hold the recordings with esc10.csv and us8k.csv (filename, fold, category). Two cores take about an hour.
set -euo pipefail
esc10=$1 us8k=$2 mn04=$3 out=$4 epanns=${5:-.build/release/epanns}
mkdir -p "$out"

# Read by train-once.sh.
export EPANNS=$epanns THREADS=${THREADS:-$(nproc)}
source "$(dirname "$0")/../train-once.sh"
train() { # name, options…
    local name=$1
    shift
    train_once "$out/$name" --cache "$out/cache" "$@"
}

fine_tuning=(--init "$mn04" --batch-size 16 --learning-rate 3e-4 --schedule cosine --warmup 20
    --augment 'mixup,gain,shift')

# 1. The head alone, on stored embeddings.
time train head-fold5 --init "$mn04" --head-only --data "$esc10/esc10.csv" --audio "$esc10" --folds-test 5 \
    --iterations 400 --learning-rate 3e-3 --evaluate-every 100
# 2. mn04 fine-tuned, each fold held out once.
for fold in 1 2 3 4 5; do
    train "mn04-fold$fold" "${fine_tuning[@]}" --data "$esc10/esc10.csv" --audio "$esc10" --folds-test $fold \
        --iterations 200 --evaluate-every 50
done
# 3. CNN10 from random weights.
train cnn10-fold5 --model cnn10 --data "$esc10/esc10.csv" --audio "$esc10" --folds-test 5 --iterations 1000 \
    --batch-size 16 --clip-seconds 3 --schedule cosine --warmup 50 --augment mixup,specaugment,gain,shift \
    --evaluate-every 100
train cnn10-fold5-second --init "$out/cnn10-fold5/final.safetensors" --data "$esc10/esc10.csv" --audio "$esc10" \
    --folds-test 5 --iterations 200 --batch-size 16 --clip-seconds 3 --learning-rate 3e-4 --schedule cosine \
    --augment gain,shift --evaluate-every 50
# 4. UrbanSound8K: folds 1 and 2 to train on, the part of fold 3 to test on.
train us8k "${fine_tuning[@]}" --data "$us8k/us8k.csv" --audio "$us8k" --folds-train 1,2 --folds-test 3 \
    --iterations 300 --evaluate-every 100
"$epanns" evaluate -m "$out/us8k/final.safetensors" --data "$us8k/us8k.csv" --audio "$us8k" --folds 3
"$epanns" report "$out"/mn04-fold* "$out/cnn10-fold5" "$out/us8k" --output "$out/report.html"
