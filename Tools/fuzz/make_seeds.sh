#!/usr/bin/env bash
# Makes small sound files of many formats for the fuzz tests: Tools/fuzz/make_seeds.sh FOLDER [FFMPEG]
#
#     Tools/fuzz/make_seeds.sh /tmp/seeds
#     EPANNS_FUZZ_SEEDS=/tmp/seeds EPANNS_FUZZ_RUNS=25000 swift test -c release --filter FuzzTests
#
# Half a second of a clip from Examples in one and two channels; needs the `ffmpeg` command.
set -euo pipefail

folder=${1:?name a folder for the seeds}
ffmpeg=${2:-ffmpeg}
clip=$(dirname "$0")/../../Examples/alarm-then-siren.flac
mkdir -p "$folder"

# seed NAME OPTIONS…: what this FFmpeg cannot encode is left out, and said.
seed() {
    local name=$1
    shift
    "$ffmpeg" -v error -y -ss 1 -t 0.5 -i "$clip" "$@" -fflags +bitexact "$folder/$name" ||
        { echo "left out: $name" >&2; rm -f "$folder/$name"; }
}

for channels in 1 2 6; do
    mix=(-ac "$channels")
    seed "pcm16-$channels.wav" "${mix[@]}"
    seed "pcm16-$channels.w64" "${mix[@]}"
    seed "flac-$channels.flac" "${mix[@]}"
    seed "vorbis-$channels.ogg" "${mix[@]}" -c:a libvorbis
    seed "aac-$channels.m4a" "${mix[@]}"
    seed "ac3-$channels.ac3" "${mix[@]}" -ar 48000
    seed "eac3-$channels.eac3" "${mix[@]}" -ar 48000
    seed "wavpack-$channels.wv" "${mix[@]}"
    seed "tta-$channels.tta" "${mix[@]}"
    seed "opus-$channels.mka" "${mix[@]}" -c:a libopus -ar 48000
done
for type in pcm_u8 pcm_s24le pcm_f32le pcm_f64le pcm_alaw adpcm_ima_wav adpcm_ms; do
    seed "$type.wav" -ac 2 -c:a "$type"
done
seed mp3.mp3 -c:a libmp3lame
seed mp2.mp2 -c:a mp2 -ar 44100
seed alac.caf -c:a alac
seed alac.m4a -c:a alac
seed aiff.aif
seed sun.au
seed wma.wma -c:a wmav2 -ar 44100
seed opus.webm -c:a libopus -ar 48000
seed flac.mka -c:a flac
seed truehd.mka -ac 2 -c:a truehd -strict -2 -ar 48000
seed truehd.thd -ac 2 -c:a truehd -strict -2 -ar 48000
seed dts.dts -ac 2 -c:a dca -strict -2 -ar 48000
seed pcm.avi -c:a pcm_s16le
seed aac.mp4 -c:a aac
seed flac.oga -c:a flac
find "$folder" -type f | wc -l
