#!/usr/bin/env bash
# Sentences and ordinary letters → src/domain/extract/alert/{weights,meaning}.txt. `fit_threats.sh --hold-out` says instead what sentences come to that fitted nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3} out=${OUT:-run/fit} here=bench/letters banks=src/domain/extract/tests
"$python" $here/banks.py "$out/banks"
seed=30
# unseen1 and unseen2 fit nothing: they are counted.
for bank in fit1 fit2 check1 check2 held1 blind1 blind2 fresh1 fresh2 fresh3; do
  seed=$((seed + 1))
  "$python" $here/make_letters.py --bank "$out/banks/$bank.json" --seed $seed --n 250 --out "$out/text/$bank" --text-only 2>/dev/null
done
texts=(--threats $here/threats/threats_[0-9].txt $banks/threats{,_fresh,_blind}.txt --harmless $here/threats/harmless_[0-9].txt $banks/harmless{,_fresh,_blind}.txt
  --ordinary "$out"/text/{fit1,fit2,check1,check2,held1,blind1,blind2,fresh1,fresh2,fresh3} --texts $here/threats/{dev,dialects,passages,letters}.jsonl)
"$python" $here/fit_threats.py "${texts[@]}" "$@" >"$out/weights.txt"
[ $# -eq 0 ] || exit 0
mv "$out/weights.txt" src/domain/extract/alert/weights.txt
# Needs numpy, which make bench sets up.
"${NUMPY:-.setup/venv-bench/bin/python}" $here/fit_meaning.py "${texts[@]}" >"$out/meaning.txt"
mv "$out/meaning.txt" src/domain/extract/alert/meaning.txt
