# shellcheck shell=bash
# Sourced by the experiments. Wants EPANNS and THREADS.

# train_once FOLDER OPTIONS…: trains into the folder; resumes a run that was stopped, and leaves one that is done alone.
train_once() {
    local folder=$1
    shift
    if [ -e "$folder/final.safetensors" ]; then return; fi
    if [ -e "$folder/configuration.json" ]; then
        "$EPANNS" train --resume --output "$folder" --threads "$THREADS"
    else
        "$EPANNS" train --output "$folder" --threads "$THREADS" "$@"
    fi
}
