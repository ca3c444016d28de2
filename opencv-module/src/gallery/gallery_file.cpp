// SPDX-License-Identifier: Apache-2.0
#include "gallery_file.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "../crc32c.hpp"
#include "../little_endian.hpp"
#include "gallery_name.hpp"
#include "opencv2/drgan/atomic_file.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr char magic[] = "DRGANGAL";
constexpr size_t magicBytes = 8;
constexpr uint32_t plainVersion = 1;
constexpr uint32_t sectionsVersion = 2;
constexpr size_t headerBytes = 36;  // without bundle id and checksum
constexpr size_t personBytes = 16;  // without name, embedding and checksum
constexpr size_t tagBytes = 4;
constexpr size_t sectionBytes = tagBytes + 8;  // without content and checksum
constexpr size_t crcBytes = 4;
constexpr size_t bufferBytes = size_t(1) << 20;

void putText(std::vector<uchar>& out, const std::string& text) { out.insert(out.end(), text.begin(), text.end()); }

/// Appends the checksum of the bytes of `out` from `begin` on.
void putChecksum(std::vector<uchar>& out, size_t begin) {
    putInteger(out, crc32c(out.data() + begin, out.size() - begin), 4);
}

/// A file that is read sequentially; every read is checked against the number of bytes left.
class Source {
public:
    explicit Source(const std::string& path) : where(path) {
        std::error_code error;
        const std::filesystem::file_status status = std::filesystem::status(path, error);
        if (!std::filesystem::exists(status)) {
            CV_Error(Error::StsObjectNotFound, (path.empty() ? std::string("an empty path") : path) +
                                                   ": cannot be opened, expected a gallery's file");
        }
        if (!std::filesystem::is_regular_file(status)) {
            CV_Error(Error::StsBadArg, path + ": is not a regular file, expected a gallery's file");
        }
        file_.open(path, std::ios::binary | std::ios::ate);
        const std::streamoff end = file_ ? static_cast<std::streamoff>(file_.tellg()) : -1;
        file_.seekg(0);
        if (!file_ || end < 0) {
            CV_Error(Error::StsObjectNotFound, path + ": cannot be opened, expected a gallery's file");
        }
        size = left = static_cast<uint64_t>(end);
    }

    [[noreturn]] void fail(const std::string& what) const { CV_Error(Error::StsParseError, where + ": " + what); }

    /// Appends the next bytes to `bytes`. @param what names them in messages
    void read(std::vector<uchar>& bytes, size_t count, const std::string& what) {
        if (count > left) {
            fail(format("ends inside %s: %llu bytes are left, expected %zu", what.c_str(),
                        static_cast<unsigned long long>(left), count));
        }
        const size_t before = bytes.size();
        bytes.resize(before + count);
        file_.read(reinterpret_cast<char*>(bytes.data() + before), static_cast<std::streamsize>(count));
        if (!file_) {
            fail("cannot be read completely");
        }
        left -= count;
    }

    /// Checks the checksum at the end of `bytes` and removes it.
    void check(std::vector<uchar>& bytes, const std::string& what) const {
        const size_t content = bytes.size() - crcBytes;
        const uint32_t found = crc32c(bytes.data(), content);
        const uint32_t expected = get32(bytes.data() + content);
        if (found != expected) {
            fail(format("%s is damaged: its checksum is %08x, expected %08x", what.c_str(), found, expected));
        }
        bytes.resize(content);
    }

    const std::string where;
    uint64_t size = 0;
    uint64_t left = 0;

private:
    std::ifstream file_;
};

uint64_t leastPersonBytes(int embeddingSize) {
    return personBytes + 1 + static_cast<uint64_t>(embeddingSize) * sizeof(float) + crcBytes;
}

/// @param sections whether they follow the people
GalleryHeader readHeader(Source& file, bool& sections) {
    std::vector<uchar> bytes;
    file.read(bytes, std::min<uint64_t>(magicBytes, file.left), "the magic number");
    if (bytes.size() < magicBytes || std::memcmp(bytes.data(), magic, magicBytes) != 0) {
        file.fail(std::string("is not a gallery: begins with ") + quoted(std::string(bytes.begin(), bytes.end())) +
                  ", expected \"" + magic + "\"");
    }
    file.read(bytes, 4, "the version");
    const uint32_t version = get32(bytes.data() + 8);
    if (version != plainVersion && version != sectionsVersion) {
        file.fail(format("is of version %u, expected %u or %u", version, plainVersion, sectionsVersion));
    }
    file.read(bytes, headerBytes - bytes.size(), "the header");
    const uint32_t embeddingSize = get32(bytes.data() + 12);
    const uint64_t people = getInteger(bytes.data() + 16, 8);
    const uint64_t whole = getInteger(bytes.data() + 24, 8);
    const uint32_t idBytes = get32(bytes.data() + 32);
    if (idBytes < 1 || idBytes > maxGalleryTextBytes) {
        file.fail(format("the bundle's id has %u bytes, expected 1 to %zu", idBytes, maxGalleryTextBytes));
    }
    file.read(bytes, idBytes + crcBytes, "the header");
    file.check(bytes, "the header");
    // The header is undamaged, but its values may still be wrong.
    if (embeddingSize < 1 || embeddingSize > maxGalleryEmbeddingSize) {
        file.fail(format("embeddings have %u values, expected 1 to %d", embeddingSize, maxGalleryEmbeddingSize));
    }
    if (whole != file.size) {
        file.fail(format("has %llu bytes, expected %llu by its header: it is truncated or has trailing bytes",
                         static_cast<unsigned long long>(file.size), static_cast<unsigned long long>(whole)));
    }
    const uint64_t most = std::min<uint64_t>(file.left / leastPersonBytes(static_cast<int>(embeddingSize)), INT_MAX);
    if (people > most) {
        file.fail(format("claims %llu people, expected at most the %llu that its %llu bytes can hold",
                         static_cast<unsigned long long>(people), static_cast<unsigned long long>(most),
                         static_cast<unsigned long long>(file.size)));
    }
    sections = version == sectionsVersion;
    GalleryHeader header;
    header.embeddingSize = static_cast<int>(embeddingSize);
    header.people = people;
    header.bundleId.assign(bytes.begin() + headerBytes, bytes.end());
    const std::string fault = nameFault(header.bundleId.data(), header.bundleId.size());
    if (!fault.empty()) {
        file.fail("the bundle's id " + fault);
    }
    return header;
}

/// @param bytes, fused memory that is reused for each person
void readPerson(Source& file, int length, uint64_t number, std::vector<uchar>& bytes, std::string& name,
                FusedRow& fused) {
    const std::string what = format("person %llu", static_cast<unsigned long long>(number));
    bytes.clear();
    file.read(bytes, personBytes, what);
    const uint32_t nameBytes = get32(bytes.data());
    if (nameBytes < 1 || nameBytes > maxGalleryTextBytes) {
        file.fail(format("%s: the name has %u bytes, expected 1 to %zu", what.c_str(), nameBytes, maxGalleryTextBytes));
    }
    file.read(bytes, nameBytes + static_cast<size_t>(length) * sizeof(float) + crcBytes, what);
    file.check(bytes, what);
    const uint32_t images = get32(bytes.data() + 4);
    fused.total = getDouble(bytes.data() + 8);
    name.assign(bytes.begin() + personBytes, bytes.begin() + personBytes + nameBytes);
    const std::string fault = nameFault(name.data(), name.size());
    if (!fault.empty()) {
        file.fail(what + ": the name " + fault);
    }
    if (images < 1 || images > INT_MAX) {
        file.fail(format("%s: got %u images, expected 1 to %d", what.c_str(), images, INT_MAX));
    }
    if (!std::isfinite(fused.total) || fused.total < 0) {
        file.fail(format("%s: got a total confidence of %g, expected a finite value >= 0", what.c_str(), fused.total));
    }
    fused.images = static_cast<int>(images);
    const uchar* value = bytes.data() + personBytes + nameBytes;
    float* const row = fused.row.ptr<float>();
    for (int i = 0; i < length; ++i, value += sizeof(float)) {
        row[i] = getFloat(value);
    }
    const double norm = rowNorm(row, length);  // NaN and infinity propagate
    if (!(norm >= minEmbeddingNorm && norm <= maxEmbeddingNorm)) {
        file.fail(format("%s: got an embedding of norm %g, expected finite values of a norm of %g to %g", what.c_str(),
                         norm, minEmbeddingNorm, maxEmbeddingNorm));
    }
}

GallerySection readSection(Source& file) {
    std::vector<uchar> bytes;
    file.read(bytes, sectionBytes, "a section");
    GallerySection section;
    section.tag.assign(bytes.begin(), bytes.begin() + tagBytes);
    const std::string what = "section " + drgan::quoted(section.tag);
    if (!std::all_of(section.tag.begin(), section.tag.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        file.fail(what + ": expected a tag of four letters A to Z");
    }
    const uint64_t content = getInteger(bytes.data() + tagBytes, 8);
    const uint64_t most = file.left < crcBytes ? 0 : file.left - crcBytes;
    if (file.left < crcBytes || content > most) {
        file.fail(format("%s claims %llu bytes of content, expected at most %llu and a checksum", what.c_str(),
                         static_cast<unsigned long long>(content), static_cast<unsigned long long>(most)));
    }
    file.read(bytes, static_cast<size_t>(content) + crcBytes, what);
    file.check(bytes, what);
    section.content.assign(bytes.begin() + sectionBytes, bytes.end());
    return section;
}

void putSection(std::vector<uchar>& out, const GallerySection& section) {
    const size_t begin = out.size();
    putText(out, section.tag);
    putInteger(out, section.content.size(), 8);
    out.insert(out.end(), section.content.begin(), section.content.end());
    putChecksum(out, begin);
}

}  // namespace

void writeGallery(const std::string& path, int embeddingSize, const std::string& bundleId, GallerySnapshot& snapshot,
                  const std::vector<GallerySection>& sections) {
    auto& people = snapshot.people;
    std::sort(people.begin(), people.end(),
              [](const GallerySnapshot::Person& a, const GallerySnapshot::Person& b) { return a.name < b.name; });
    const size_t fixed = leastPersonBytes(embeddingSize) - 1;
    uint64_t whole = headerBytes + bundleId.size() + crcBytes;
    for (const auto& person : people) {
        whole += fixed + person.name.size();
    }
    for (const auto& section : sections) {
        whole += sectionBytes + section.content.size() + crcBytes;
    }
    AtomicFile file(path);
    std::vector<uchar> out;
    out.reserve(bufferBytes + fixed + maxGalleryTextBytes);
    putText(out, magic);
    putInteger(out, sections.empty() ? plainVersion : sectionsVersion, 4);
    putInteger(out, static_cast<uint64_t>(embeddingSize), 4);
    putInteger(out, people.size(), 8);
    putInteger(out, whole, 8);
    putInteger(out, bundleId.size(), 4);
    putText(out, bundleId);
    putChecksum(out, 0);
    for (const auto& person : people) {
        const size_t begin = out.size();
        putInteger(out, person.name.size(), 4);
        putInteger(out, static_cast<uint64_t>(person.images), 4);
        putDouble(out, person.total);
        putText(out, person.name);
        for (int i = 0; i < embeddingSize; ++i) {
            putFloat(out, person.row[i]);
        }
        putChecksum(out, begin);
        if (out.size() >= bufferBytes) {
            file.write(out.data(), out.size());
            out.clear();
        }
    }
    for (const auto& section : sections) {
        putSection(out, section);
    }
    file.write(out.data(), out.size());
    file.commit();
}

void readGallery(const std::string& path, const std::function<void(const GalleryHeader&)>& begin,
                 const std::function<void(const std::string& name, const FusedRow& fused)>& person,
                 const std::function<std::string(const GallerySection&)>& section) {
    Source file(path);
    bool sections = false;
    const GalleryHeader header = readHeader(file, sections);
    begin(header);
    std::vector<uchar> bytes;
    std::string name, last;
    FusedRow fused;
    fused.row.create(1, header.embeddingSize, CV_32F);
    for (uint64_t i = 0; i < header.people; ++i) {
        readPerson(file, header.embeddingSize, i, bytes, name, fused);
        if (i > 0 && name <= last) {
            file.fail(format("person %llu: the name %s does not come after %s, expected ascending names",
                             static_cast<unsigned long long>(i), drgan::quoted(name).c_str(),
                             drgan::quoted(last).c_str()));
        }
        person(name, fused);
        last = name;
    }
    if (sections && file.left == 0) {
        file.fail("has no section, expected at least one in a file of version 2");
    }
    for (std::string lastTag; sections && file.left > 0;) {
        const GallerySection read = readSection(file);
        if (read.tag <= lastTag) {
            file.fail("section " + drgan::quoted(read.tag) + " does not come after " + drgan::quoted(lastTag) +
                      ", expected ascending tags");
        }
        const std::string fault = section(read);
        if (!fault.empty()) {
            file.fail("section " + drgan::quoted(read.tag) + ": " + fault);
        }
        lastTag = read.tag;
    }
    if (file.left > 0) {
        file.fail(format("%llu bytes follow the last of %llu people, expected none",
                         static_cast<unsigned long long>(file.left), static_cast<unsigned long long>(header.people)));
    }
}

}  // namespace drgan
}  // namespace cv
