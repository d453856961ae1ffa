#!/bin/bash
# Fuzzes doors, one after the other:  fuzz/run.sh SECONDS DOOR…   (make fuzz)
#
# What reaches further than the corpus is gathered in fuzz/found; what brings a door down, hangs it or fills its memory lies in fuzz/artifacts and
# ends the run with 1. Under AddressSanitizer, so that the C of libjpeg-turbo, SQLite and OpenSSL cannot write beyond what is its own unseen.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
export PATH="$PWD/.setup/fuzz-tools/bin:$PATH"
# Allocations of the worker itself are bounded by 2 GB; the sanitizer takes as much again. SQLCipher has two tables of one name in its one file.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:detect_odr_violation=0:allocator_may_return_null=1:quarantine_size_mb=64}
broken=()
for door in "$@"; do
  mkdir -p "fuzz/found/$door"
  case $door in
    api | settings) longest=8192 ;;
    whole | image | pdf | inside_pdf) longest=20000 ;;
    *) longest=4096 ;;
  esac
  cargo +nightly fuzz run --release "$door" "fuzz/found/$door" "fuzz/corpus/$door" -- -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 \
    -max_len="$longest" -print_final_stats=1 2>&1 | tee "fuzz/found/$door.log" | grep -E '^(==|SUMMARY|artifact_prefix|stat::|thread|.*panicked)'
  [ "${PIPESTATUS[0]}" = 0 ] || broken+=("$door")
  tail -400 "fuzz/found/$door.log" | sed -n 's/^#\([0-9]*\).* cov: \([0-9]*\) ft: \([0-9]*\).* exec\/s: \([0-9]*\).*/\1 \2 \3 \4/p' | tail -1 |
    while read -r runs edges features a_second; do
      echo "fuzz/$door runs $runs edges $edges features $features a_second $a_second"
    done
done
[ ${#broken[@]} = 0 ] || { echo "fuzz: found something at: ${broken[*]} (fuzz/artifacts)"; exit 1; }
