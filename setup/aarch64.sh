#!/bin/bash
# Compiles the station for aarch64 on x86-64, with Debian's own compiler of that version and its standard library for both:  setup/aarch64.sh [CARGO ARGUMENTS]
#
# Government offices run aarch64 (鲲鹏, 飞腾). Everything comes from Debian 12 and its security archive: rustc-web, the cross compiler for what is C
# (SQLite, libjpeg-turbo, ring) and OpenSSL's libcrypto. Nothing foreign is installed: foreign packages are unpacked into .setup/aarch64. The program is
# then in target/aarch64-unknown-linux-gnu/release; qemu-aarch64-static -L .setup/aarch64/target runs it here.
set -euo pipefail
cd "$(dirname "$0")/.."
state=$PWD/.setup/aarch64
host=$state/host target=$state/target
mkdir -p "$state"/{lists,cache/archives}/partial "$host" "$target"

cross=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)
dpkg-query -W "${cross[@]}" >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends "${cross[@]}" >"$state/apt.log"

if [ ! -x "$host/usr/bin/rustc" ]; then
  # A list of packages of its own, with both architectures: this machine's stays as it is.
  printf 'APT::Architectures { "amd64"; "arm64"; };\nDir::State::lists "%s";\nDir::Cache "%s";\n' "$state/lists" "$state/cache" >"$state/apt.conf"
  export APT_CONFIG=$state/apt.conf
  apt-get update -qq
  series=$(apt-cache depends rustc-web | sed -n 's/.*\(libstd-rust-web-dev\)$/\1/p' | head -1)
  library=$(apt-cache depends "$series" | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p' | head -1)
  llvm=$(apt-cache depends "$library" | sed -n 's/.*Depends: \(libllvm[0-9]*\)$/\1/p' | head -1)
  (cd "$state/cache" && apt-get download -qq rustc-web "$series:amd64" "$library:amd64" "$llvm:amd64" "$series:arm64" \
    libssl-dev:arm64 libssl3:arm64 libc6:arm64 libgcc-s1:arm64)
  for package in "$state"/cache/lib{ssl,c6,gcc}*_arm64.deb; do dpkg-deb -x "$package" "$target"; done
  for package in "$state"/cache/{rustc-web,lib{std-rust,llvm}}*.deb; do dpkg-deb -x "$package" "$host"; done
  unset APT_CONFIG
fi

cat >"$state/rustc" <<EOF
#!/bin/sh
LD_LIBRARY_PATH=$host/usr/lib/x86_64-linux-gnu exec $host/usr/bin/rustc "\$@"
EOF
chmod +x "$state/rustc"
"$state/rustc" --version
export RUSTC=$state/rustc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export OPENSSL_LIB_DIR=$target/usr/lib/aarch64-linux-gnu OPENSSL_INCLUDE_DIR=$target/usr/include
export CFLAGS_aarch64_unknown_linux_gnu="-I$target/usr/include/aarch64-linux-gnu"
cargo --locked build --release --target aarch64-unknown-linux-gnu --bin laixin "$@"
file=${CARGO_TARGET_DIR:-target}/aarch64-unknown-linux-gnu/release/laixin
readelf -h "$file" | grep Machine
qemu-aarch64-static -L "$target" "$file" --version
qemu-aarch64-static -L "$target" "$file" read --runtime rten tests/letters/A001_env.jpg
