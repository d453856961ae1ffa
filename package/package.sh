#!/bin/bash
# Makes the Debian packages out of what is built:  package/package.sh → target/debian/laixin_VERSION_ARCH.deb, laixin-office_…, laixin-openvino_…
#
# laixin          program, OCR models, font of printed pages, units, settings, manual: all that a bare Debian 12 needs, without a network
# laixin-office   what speaks to the brokers of an office with several stations; a station by itself does without
# laixin-openvino the faster OCR runtime, where .setup/openvino is there (x86-64 only)
#
# Everything comes from target/release and .setup; nothing is downloaded here. Two runs over one commit make the same bytes: times are the
# commit's, owners are root, and dpkg-deb compresses with one thread.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
out=target/debian
font=/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

rm -rf "$out"
mkdir -p "$out"

# put SOURCE TARGET [MODE]
put() { install -D -m "${3:-644}" "$1" "$root/$2"; }

# script SCRIPT NAME: one of dpkg's, for the package of this name
script() {
  sed "s/@VERSION@/$version/; s/@NAME@/$2/g" "package/debian/$1" >"$root/DEBIAN/$1"
  chmod 755 "$root/DEBIAN/$1"
}

# pack NAME DEPENDS SUMMARY TEXT: control file, checksums, package. What is below etc/ stays the administrator's.
pack() {
  local name=$1 file
  mkdir -p "$root/DEBIAN"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$arch"
    printf 'Maintainer: The laixin developers <laixin@localhost>\nSection: misc\nPriority: optional\n'
    printf 'Installed-Size: %s\nDepends: %s\n' "$(du -sk --exclude=DEBIAN "$root" | cut -f1)" "$2"
    # The libtss2: with them systemd binds the key to the machine's TPM; without them it lies on the disk of the letters.
    [ "$name" != laixin ] || printf 'Recommends: libtss2-esys-3.0.2-0, libtss2-mu0, libtss2-rc0, libtss2-tcti-device0, sane-utils, tesseract-ocr, tesseract-ocr-chi-sim\n'
    printf 'Description: %s\n%s\n' "$3" "$4"
  } >"$root/DEBIAN/control"
  (cd "$root" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  script preinst "$name"
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  file=$out/${name}_${version}_$arch.deb
  dpkg-deb --root-owner-group --threads-max=1 -Zxz "-z${XZ_LEVEL:-6}" --build "$root" "$file" >/dev/null
  printf '%s: %s MB\n' "$file" "$(du -m "$file" | cut -f1)"
}

# What is in the program, for programs and for people. Reading every licence takes minutes: kept while nothing it depends on changes.
tools=.setup/licence-tools/bin
"$tools/cargo-cyclonedx" cyclonedx --format json --describe binaries --no-build-deps --spec-version 1.5 -q
sed "s|path+file://$PWD|path+file:///laixin|g; s|file://$PWD|file:///laixin|g" laixin_bin.cdx.json >"$out/laixin.cdx.json"
rm ./*_bin.cdx.json
licences=.setup/licences-$(cat Cargo.lock package/about.toml package/licences.hbs | sha256sum | cut -c1-16).html
[ -s "$licences" ] || {
  "$tools/cargo-about" about generate --offline --locked -c package/about.toml package/licences.hbs -o "$licences.part"
  mv "$licences.part" "$licences"
}

# What crates bring in C, and the font, have notices that cargo-about does not see: they go along as their makers ship them.
# source_of CRATE: the folder its published source lies in
source_of() {
  cargo metadata --offline --locked --format-version 1 | grep -o "\"manifest_path\":\"[^\"]*/$1-[0-9][^\"]*/Cargo.toml\"" |
    head -1 | cut -d'"' -f4 | xargs dirname
}
cipher=$(source_of sqlcipher-src) jpeg=$(source_of turbojpeg-sys)/libjpeg-turbo
# component NAME VERSION LICENCE
component() { printf '    {"type": "library", "name": "%s", "version": "%s", "licenses": [{"license": {"id": "%s"}}]}' "$@"; }
part_of() { sed -n "s/.*[+-]$1-\([0-9.]*\).*/\1/p" <<<"${cipher##*/}"; }
{
  printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n  "components": [\n'
  component SQLCipher "$(part_of sqlcipher)" BSD-3-Clause && printf ',\n'
  component SQLite "$(part_of sqlite)" blessing && printf ',\n'
  component LibTomCrypt "$(part_of libtomcrypt)" WTFPL && printf ',\n'
  component libjpeg-turbo "$(sed -n 's/^set(VERSION \([0-9.]*\)).*/\1/p' "$jpeg/CMakeLists.txt")" IJG && printf ',\n'
  component NotoSansCJK "$(dpkg-query -f '${Version}' -W fonts-noto-cjk)" OFL-1.1 && printf ',\n'
  component PP-OCRv6 small Apache-2.0 && printf ',\n'
  component multilingual-e5-small 8-layers MIT && printf '\n'
  printf '  ]\n}\n'
} >"$out/laixin-bundled.cdx.json"

# The station:
root=$out/laixin
put target/release/laixin usr/bin/laixin 755
strip --strip-unneeded "$root/usr/bin/laixin"
for script in laixin-setup laixin-admin; do put package/$script usr/sbin/$script 755; done
for model in .setup/models/*.{onnx,bin}; do put "$model" "usr/share/laixin/models/${model##*/}"; done
put "$font" usr/share/laixin/fonts/NotoSansCJK-Regular.ttc
put systemd/laixin.service usr/lib/systemd/system/laixin.service
put systemd/sysusers.d/laixin.conf usr/lib/sysusers.d/laixin.conf
put systemd/tmpfiles.d/laixin.conf usr/lib/tmpfiles.d/laixin.conf
put systemd/udev/99-laixin.rules usr/lib/udev/rules.d/99-laixin.rules

# The units of an office lie where systemd finds them, in the package laixin-office.
(cd config && find . -type f -not -name '*.service' -printf '%P\n') | while read -r file; do put "config/$file" "etc/laixin/$file"; done
sed -i 's|^# font = "[^"]*" .*|font = "/usr/share/laixin/fonts/NotoSansCJK-Regular.ttc"   # any TrueType or OpenType file with Chinese characters does|' \
  "$root/etc/laixin/station.toml"
grep -q '^font = "/usr/share/laixin/fonts/' "$root/etc/laixin/station.toml"

target/release/examples/manual "$out/manual"
for page in "$out"/manual/man/*.1; do
  gzip -9n <"$page" >"$page.gz"
  put "$page.gz" "usr/share/man/man1/${page##*/}.gz"
done
for page in package/man/*.8; do
  gzip -9n <"$page" >"$out/manual/${page##*/}.gz"
  put "$out/manual/${page##*/}.gz" "usr/share/man/man8/${page##*/}.gz"
done
for name in laixin laixin-admin; do
  put "$out/manual/completions/$name.bash" "usr/share/bash-completion/completions/$name"
  put "$out/manual/completions/_$name" "usr/share/zsh/vendor-completions/_$name"
  put "$out/manual/completions/$name.fish" "usr/share/fish/vendor_completions.d/$name.fish"
done

doc=usr/share/doc/laixin
for text in README.md README.zh-CN.md CHANGELOG.md systemd/README.md docs/*.md; do put "$text" "$doc/${text//\//-}"; done
put package/debian/copyright "$doc/copyright"
put "$out/laixin.cdx.json" "$doc/laixin.cdx.json"
put "$licences" "$doc/licences.html"
put "$out/laixin-bundled.cdx.json" "$doc/laixin-bundled.cdx.json"
put "$cipher/sqlcipher/LICENSE-sqlcipher" "$doc/licences/SQLCipher"
put "$cipher/sqlcipher/LICENSE-libtomcrypt" "$doc/licences/LibTomCrypt"
put "$jpeg/LICENSE.md" "$doc/licences/libjpeg-turbo"
put "$jpeg/README.ijg" "$doc/licences/README.ijg"
put /usr/share/doc/fonts-noto-cjk/copyright "$doc/licences/fonts-noto-cjk"
# No paper points to a picture that is not there: `make pictures` makes them.
for picture in $(grep -oh 'pictures/[a-z0-9-]*\.png' docs/*.md | sort -u); do put "docs/$picture" "$doc/$picture"; done
(cd tests/case_system && find . -type f -not -path '*__pycache__*' -printf '%P\n') | while read -r file; do put "tests/case_system/$file" "$doc/case_system/$file"; done

mkdir -p "$root/DEBIAN"
(cd "$root" && find etc -type f -printf '/%p\n' | LC_ALL=C sort) >"$root/DEBIAN/conffiles"
for one in postinst prerm postrm; do script "$one" laixin; done
pack laixin 'libc6 (>= 2.36), libgcc-s1 (>= 3.0), libssl3 (>= 3.0), systemd (>= 252)' \
  "scanning station of a petition office's mailroom" \
  ' Takes sealed letters through the UV cabinet, keeps every scan as evidence, reads
 handwritten and printed Chinese, pre-fills the registration and hands it to the
 case system. One machine, no network needed.
 After installing: laixin-setup.'

# Several stations, one office:
root=$out/laixin-office
put target/release/laixin-office usr/bin/laixin-office 755
strip --strip-unneeded "$root/usr/bin/laixin-office"
for unit in laixin-office laixin-reader; do put config/office/$unit.service usr/lib/systemd/system/$unit.service; done
put package/debian/copyright usr/share/doc/laixin-office/copyright
pack laixin-office "laixin (= $version)" 'several scanning stations, one office' \
  ' What speaks to NATS JetStream: for stations whose settings have an [office], for
 the counter of an office (laixin-office.service) and for machines that read pages
 of others (laixin-reader.service). Nothing is started before it is set up:
 /usr/share/doc/laixin/docs-administrator.md.'

# The faster OCR runtime:
[ -d .setup/openvino/openvino/libs ] || exit 0
root=$out/laixin-openvino
for library in openvino_c openvino openvino_onnx_frontend openvino_intel_cpu_plugin tbb tbbmalloc tbbbind; do
  for file in .setup/openvino/openvino/libs/lib"$library".so*; do
    [ -e "$file" ] || continue
    mkdir -p "$root/usr/lib/laixin/openvino"
    cp -P "$file" "$root/usr/lib/laixin/openvino/"
  done
done
put package/openvino.conf usr/lib/systemd/system/laixin.service.d/openvino.conf
put package/debian/copyright-openvino usr/share/doc/laixin-openvino/copyright
# What it has in it, with the notices of all that Intel built in.
published=(.setup/openvino/openvino-*.dist-info)
for notice in "${published[0]}"/licenses/LICENSE "${published[0]}"/licenses/licensing/*.txt; do
  put "$notice" "usr/share/doc/laixin-openvino/licences/${notice##*/}"
done
tbb=$(sed -n 's/^Version: *//p' .setup/openvino/openvino/libs/tbb.pc)
openvino=${published[0]##*/openvino-} openvino=${openvino%.dist-info}
{
  printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n  "components": [\n'
  component OpenVINO "$openvino" Apache-2.0 && printf ',\n'
  component oneDNN "with OpenVINO $openvino" Apache-2.0 && printf ',\n'
  component oneTBB "$tbb" Apache-2.0 && printf '\n'
  printf '  ]\n}\n'
} >"$out/laixin-openvino.cdx.json"
put "$out/laixin-openvino.cdx.json" usr/share/doc/laixin-openvino/laixin-openvino.cdx.json
pack laixin-openvino "laixin (= $version)" 'faster OCR runtime of the scanning station' \
  ' OpenVINO of Intel, for processors of the x86-64 family: pages are read about a third
 faster, and as they are read without it.'
