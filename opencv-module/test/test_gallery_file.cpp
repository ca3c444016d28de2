// SPDX-License-Identifier: Apache-2.0
//
// The format of a gallery's file, and wrong files. For writing see test_gallery_save.cpp.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "expect_error.hpp"
#include "gallery_people.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Gallery;
using drgan_test::expectError;
using drgan_test::galleryOf;
using drgan_test::personOf;
using drgan_test::randomRows;
using drgan_test::sameContent;
using drgan_test::TempDir;
using drgan_test::writeFile;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes readBytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

Mat vectorOf(float x, float y) { return (cv::Mat_<float>(1, 2) << x, y); }

/// CRC-32C bit by bit, as described in docs/gallery.md.
uint32_t checksumOf(const unsigned char* data, size_t size) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

/// Writes correct or wrong files by the description in docs/gallery.md, independently of the tested code.
class Writer {
public:
    Writer& u32(uint32_t value) { return number(value, 4); }
    Writer& u64(uint64_t value) { return number(value, 8); }
    Writer& f32(float value) {
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        return u32(bits);
    }
    Writer& f64(double value) {
        uint64_t bits;
        std::memcpy(&bits, &value, 8);
        return u64(bits);
    }
    Writer& text(const std::string& value) {
        bytes.insert(bytes.end(), value.begin(), value.end());
        return *this;
    }
    Writer& checksum() {
        u32(checksumOf(bytes.data() + begin_, bytes.size() - begin_));
        begin_ = bytes.size();
        return *this;
    }
    Bytes bytes;

private:
    Writer& number(uint64_t value, int count) {
        for (int i = 0; i < count; ++i) bytes.push_back(static_cast<unsigned char>(value >> (8 * i)));
        return *this;
    }
    size_t begin_ = 0;
};

struct Person {
    std::string name = "Ann";
    uint32_t images = 2;
    double total = 1.5;
    std::vector<float> row = {1, -2};
    long long nameBytes = -1;  // size to write; -1: the correct one
};

struct Section {
    std::string tag = "RATE";
    Bytes content = rates();
    long long contentBytes = -1;  // size to write; -1: the correct one

    /// One pair of strangers in ten has a cosine of 0.25 or more, one in a thousand 0.5.
    static Bytes rates(const std::vector<std::pair<double, float>>& pairs = {{0.1, 0.25f}, {0.001, 0.5f}}) {
        Writer out;
        out.u32(static_cast<uint32_t>(pairs.size()));
        for (const auto& [rate, cosine] : pairs) out.f64(rate).f32(cosine);
        return out.bytes;
    }
};

/// The data of a person in "PICS".
struct KeptPicture {
    std::string label = "a.jpg";
    uint32_t images = 2;
    double total = 1.5;
    std::vector<float> row = {1, -2};
};

Section kept(const std::vector<std::pair<std::string, std::vector<KeptPicture>>>& people) {
    Writer out;
    out.u32(static_cast<uint32_t>(people.size()));
    for (const auto& [name, pictures] : people) {
        out.u32(static_cast<uint32_t>(name.size())).text(name).u32(static_cast<uint32_t>(pictures.size()));
        for (const KeptPicture& p : pictures) {
            out.u32(static_cast<uint32_t>(p.label.size())).u32(p.images).f64(p.total).text(p.label);
            for (const float value : p.row) out.f32(value);
        }
    }
    return {"PICS", out.bytes};
}

struct File {
    std::string magic = "DRGANGAL";
    uint32_t version = 1;
    uint32_t length = 2;
    long long count = -1;  // -1: the correct one
    long long whole = -1;  // -1: the correct one
    std::string id = "tiny";
    long long idBytes = -1;
    std::vector<Person> people = {Person()};
    std::vector<Section> sections;  // of version 2
    std::string tail;

    Bytes bytes() const {
        Writer body;
        for (const Person& p : people) {
            body.u32(static_cast<uint32_t>(p.nameBytes < 0 ? p.name.size() : static_cast<size_t>(p.nameBytes)));
            body.u32(p.images).f64(p.total).text(p.name);
            for (const float value : p.row) body.f32(value);
            body.checksum();
        }
        for (const Section& section : sections) {
            const Bytes& content = section.content;
            body.text(section.tag);
            body.u64(section.contentBytes < 0 ? content.size() : static_cast<uint64_t>(section.contentBytes));
            body.text(std::string(content.begin(), content.end())).checksum();
        }
        body.text(tail);
        Writer out;
        out.text(magic).u32(version).u32(length);
        out.u64(count < 0 ? people.size() : static_cast<uint64_t>(count));
        out.u64(whole < 0 ? 40 + id.size() + body.bytes.size() : static_cast<uint64_t>(whole));
        out.u32(static_cast<uint32_t>(idBytes < 0 ? id.size() : static_cast<size_t>(idBytes)));
        out.text(id).checksum();
        out.bytes.insert(out.bytes.end(), body.bytes.begin(), body.bytes.end());
        return out.bytes;
    }
};

class GalleryFile : public testing::Test {
protected:
    std::string write(const Bytes& bytes) {
        writeFile(path, bytes);
        return path;
    }
    void expectRefused(const std::function<void(File&)>& change, std::vector<std::string> parts) {
        File file;
        change(file);
        parts.push_back(path);
        expectError([&] { Gallery::load(write(file.bytes())); }, parts);
    }
    void expectSectionRefused(const std::function<void(Section&)>& change, const std::vector<std::string>& parts) {
        expectRefused(
            [&](File& file) {
                file = withSection();
                change(file.sections[0]);
            },
            parts);
    }
    static File withSection() {
        File file;
        file.version = 2;
        file.sections = {Section()};
        return file;
    }
    void expectPersonRefused(const std::function<void(Person&)>& change, const std::vector<std::string>& parts) {
        expectRefused([&](File& file) { change(file.people[0]); }, parts);
    }

    TempDir dir;
    const std::string path = dir.path() + "/people.gallery";
};

}  // namespace

TEST(Checksum, IsCrc32c) {
    const std::string digits = "123456789";
    EXPECT_EQ(checksumOf(reinterpret_cast<const unsigned char*>(digits.data()), 9), 0xe3069283u);  // its check value
    EXPECT_EQ(checksumOf(Bytes(32, 0).data(), 32), 0x8a9136aau);                                   // RFC 3720, B.4
}

TEST_F(GalleryFile, ComesBackAsItWas) {
    const auto gallery = galleryOf(randomRows(5000, 24, 1));
    gallery->add("Zoë 愛 \xf0\x9f\x99\x82", randomRows(1, 24, 2), 0);
    gallery->add("Zoë 愛 \xf0\x9f\x99\x82", randomRows(1, 24, 3), 0);
    gallery->addFused(std::string(1024, 'x'), randomRows(1, 24, 4) * 1e10, 1e300, 2147483647);
    gallery->remove(drgan_test::personName(17));
    gallery->save(path);
    const auto loaded = Gallery::load(path);
    EXPECT_TRUE(sameContent(*gallery, *loaded));
    EXPECT_EQ(loaded->bundleId(), "tiny");

    const Mat queries = randomRows(4, 24, 5);
    std::vector<cv::String> names, namesLoaded;
    Mat similarities, similaritiesLoaded;
    gallery->search(queries, 9, names, similarities);
    loaded->search(queries, 9, namesLoaded, similaritiesLoaded);
    EXPECT_EQ(names, namesLoaded);
    EXPECT_EQ(cv::norm(similarities, similaritiesLoaded, cv::NORM_INF), 0);

    loaded->save(path + ".again");  // the order in memory is different
    EXPECT_EQ(readBytes(path), readBytes(path + ".again"));
}

TEST_F(GalleryFile, IsWhatIsDocumented) {
    File file;
    file.people = {{"Ann", 2, 1.5, {1, -2}}, {"Bén", 1, 0, {0.5f, 3e-7f}}};
    const auto loaded = Gallery::load(write(file.bytes()));
    EXPECT_EQ(loaded->names(), (std::vector<cv::String>{"Ann", "Bén"}));
    EXPECT_EQ(personOf(*loaded, "Ann").images, 2);
    EXPECT_EQ(personOf(*loaded, "Ann").totalConfidence, 1.5);
    EXPECT_EQ(cv::norm(personOf(*loaded, "Ann").embedding, vectorOf(1, -2), cv::NORM_INF), 0);

    const auto gallery = Gallery::createEmpty(2, "tiny");
    gallery->add("Bén", vectorOf(0.5f, 3e-7f), 0);
    gallery->addFused("Ann", vectorOf(1, -2), 1.5, 2);
    gallery->save(path);
    EXPECT_EQ(readBytes(path), file.bytes());
}

TEST_F(GalleryFile, ItsOwnThresholdsAreASection) {
    const File file = withSection();
    const auto loaded = Gallery::load(write(file.bytes()));
    EXPECT_EQ(loaded->thresholds().rates, (std::vector<double>{0.1, 0.001}));
    EXPECT_EQ(loaded->thresholds().cosines, (std::vector<float>{0.25f, 0.5f}));

    const auto gallery = Gallery::createEmpty(2, "tiny");
    gallery->addFused("Ann", vectorOf(1, -2), 1.5, 2);
    gallery->setThresholds(loaded->thresholds());
    gallery->save(path);
    EXPECT_EQ(readBytes(path), file.bytes());

    gallery->setThresholds({});  // none: a file that older programs can read
    gallery->save(path);
    EXPECT_EQ(readBytes(path), File().bytes());
    EXPECT_TRUE(Gallery::load(path)->thresholds().empty());
}

TEST_F(GalleryFile, PicturesAreASection) {
    File file = withSection();
    file.people.push_back({"Bob", 1, 0.5, {3, 4}});
    file.sections = {
        kept({{"Ann", {{"a.jpg", 1, 0.5, {2, 0}}, {"b.mp4", 1, 1, {0.5f, -3}}}}, {"Bob", {{"c", 1, 0.5, {3, 4}}}}}),
        Section()};
    const auto loaded = Gallery::load(write(file.bytes()));
    EXPECT_EQ(loaded->pictures("Ann"), (std::vector<cv::String>{"a.jpg", "b.mp4"}));
    Mat embedding;
    double total = 0;
    int images = 0;
    loaded->picture("Ann", "b.mp4", embedding, total, images);
    EXPECT_EQ(cv::norm(embedding, vectorOf(0.5f, -3), cv::NORM_INF), 0);
    EXPECT_EQ(total, 1);
    EXPECT_EQ(images, 1);
    loaded->save(path);
    EXPECT_EQ(readBytes(path), file.bytes());
}

TEST_F(GalleryFile, WrongPicturesAreRefused) {
    const auto refused = [&](const Section& section, const std::vector<std::string>& parts) {
        expectRefused(
            [&](File& file) {
                file = withSection();
                file.sections[0] = section;
            },
            parts);
    };
    using Pictures = std::vector<KeptPicture>;
    refused(kept({}), {"PICS", "0 people"});
    refused({"PICS", {}}, {"ends early"});
    refused({"PICS", {1, 0, 0, 0}}, {"ends early"});
    refused(kept({{"", Pictures(1)}}), {"a name has 0 bytes"});
    refused(kept({{"a\nb", Pictures(1)}}), {"control character"});
    refused(kept({{"Eve", Pictures(1)}}), {"pictures of \"Eve\", expected people of the file"});
    refused(kept({{"Ann", {}}}), {"has 0 pictures"});
    refused(kept({{"Ann", Pictures(1)}, {"Ann", Pictures(1)}}), {"ascending names"});
    refused(kept({{"Ann", Pictures(2)}}), {"two pictures \"a.jpg\""});
    refused(kept({{"Ann", {{"a", 3}}}}), {"has 3 images of \"Ann\", expected at most the 2"});
    refused(kept({{"Ann", {{"a", 0}}}}), {"got 0 images"});
    refused(kept({{"Ann", {{"a", 1, -1}}}}), {"confidence of -1"});
    refused(kept({{"Ann", {{"", 1}}}}), {"a picture's label has 0 bytes"});
    refused(kept({{"Ann", {{std::string(1025, 'x'), 1}}}}), {"1025 bytes"});
    refused(kept({{"Ann", {{"a", 1, 1, {0, 0}}}}}), {"norm"});
    refused(kept({{"Ann", {{"a", 1, 1, {1}}}}}), {"ends early"});
    Section longer = kept({{"Ann", Pictures(1)}});
    longer.content.push_back(0);
    refused(longer, {"bytes after the last picture"});
}

TEST_F(GalleryFile, OfNobodyWithThresholds) {
    File file = withSection();
    file.people.clear();
    EXPECT_EQ(Gallery::load(write(file.bytes()))->thresholds().rates.size(), 2u);
}

TEST_F(GalleryFile, OfNobody) {
    Gallery::createEmpty(65536, "tiny")->save(path);
    const auto loaded = Gallery::load(path);
    EXPECT_EQ(loaded->size(), 0);
    EXPECT_EQ(loaded->embeddingSize(), 65536);
}

TEST_F(GalleryFile, OfAnotherBundleIsRefused) {
    galleryOf(randomRows(3, 8, 6), "tiny")->save(path);
    drgan_test::TinyOptions options;
    EXPECT_EQ(Gallery::load(path, cv::drgan::Encoder::create(tinyEncoder(options)))->size(), 3);
    options.bundleId = "other";
    const auto other = cv::drgan::Encoder::create(tinyEncoder(options));
    expectError([&] { Gallery::load(path, other); }, {path, "\"tiny\"", "expected \"other\"", "cannot be compared"});
    options.bundleId = "tiny";
    options.embeddingSize = 12;
    const auto longer = cv::drgan::Encoder::create(tinyEncoder(options));
    expectError([&] { Gallery::load(path, longer); }, {path, "8 values", "expected 12"});
}

TEST_F(GalleryFile, CutOffAnywhereIsRefused) {
    File file = withSection();
    file.people = {{"Ann", 2, 1.5, {1, -2}}, {"Bén", 1, 0, {0.5f, 3e-7f}}};
    const Bytes whole = file.bytes();
    ASSERT_EQ(Gallery::load(write(whole))->size(), 2);
    for (size_t size = 0; size < whole.size(); ++size) {
        expectError([&] { Gallery::load(write(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)))); },
                    {path, size < 8 ? "is not a gallery" : "expected"});
    }
}

TEST_F(GalleryFile, EveryFlippedBitIsFound) {
    File file = withSection();
    file.people = {{"Ann", 2, 1.5, {1, -2}}, {"Bén", 1, 0, {0.5f, 3e-7f}}};
    Bytes bytes = file.bytes();
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
        expectError([&] { Gallery::load(write(bytes)); }, {path, "expected"});
        bytes[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
    }
    EXPECT_EQ(Gallery::load(write(bytes))->size(), 2);
}

TEST_F(GalleryFile, EveryExchangedByteIsFound) {
    const Bytes whole = withSection().bytes();
    cv::RNG random(7);
    for (size_t at = 0; at < whole.size(); ++at) {
        for (const int value : {0x00, 0xff, 0x20, random.uniform(0, 256)}) {
            Bytes bytes = whole;
            bytes[at] = static_cast<unsigned char>(value);
            if (bytes != whole) expectError([&] { Gallery::load(write(bytes)); }, {path});
        }
    }
}

TEST_F(GalleryFile, WrongHeadersAreRefused) {
    expectRefused([](File& f) { f.magic = "DRGANGAX"; }, {"is not a gallery", "\"DRGANGAX\"", "expected \"DRGANGAL\""});
    expectRefused([](File& f) { f.version = 3; }, {"version 3", "expected 1 or 2"});
    expectRefused([](File& f) { f.version = 0; }, {"version 0"});
    expectRefused([](File& f) { f.length = 0; }, {"0 values", "1 to 65536"});
    expectRefused([](File& f) { f.length = 65537; }, {"65537 values"});
    expectRefused([](File& f) { f.id = ""; }, {"bundle's id", "0 bytes"});
    expectRefused([](File& f) { f.id = std::string(1025, 'x'); }, {"bundle's id", "1025 bytes", "1 to 1024"});
    expectRefused([](File& f) { f.idBytes = 0xffffffffll; }, {"bundle's id", "4294967295 bytes"});
    expectRefused([](File& f) { f.id = "a\nb"; }, {"bundle's id", "U+000A"});
    expectRefused([](File& f) { f.id = "\xff"; }, {"bundle's id", "not UTF-8"});
    expectRefused([](File& f) { f.whole = 10; }, {"expected 10"});
    expectRefused(
        [](File& f) {
            f.tail = "x";
            f.whole = 0;
        },
        {"expected 0"});
}

TEST_F(GalleryFile, WrongCountsAreRefusedBeforeMemoryIsTaken) {
    expectRefused([](File& f) { f.count = 2; }, {"2 people", "at most the 1"});
    expectRefused([](File& f) { f.count = 0x7fffffffffffffffll; }, {"claims 9223372036854775807 people"});
    expectRefused([](File& f) { f.count = 0x80000000ll; }, {"claims 2147483648 people"});
    expectRefused([](File& f) { f.count = 0; }, {"31 bytes follow the last of 0 people"});
    expectRefused([](File& f) { f.tail = "tail"; }, {"4 bytes follow the last of 1 people"});
    expectRefused(
        [](File& f) {
            f.people.clear();
            f.count = 1;
        },
        {"claims 1 people", "the 0"});
}

TEST_F(GalleryFile, WrongPeopleAreRefused) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    expectPersonRefused(
        [](Person& p) {
            p.name = "";
            p.row.push_back(1);
        },
        {"person 0", "name", "0 bytes"});
    expectPersonRefused([](Person& p) { p.name = std::string(1025, 'x'); }, {"person 0", "1025 bytes", "1 to 1024"});
    expectPersonRefused([](Person& p) { p.name = std::string(10240, 'x'); }, {"person 0", "10240 bytes"});
    expectPersonRefused([](Person& p) { p.nameBytes = 0xffffffffll; }, {"person 0", "4294967295 bytes"});
    expectPersonRefused([](Person& p) { p.nameBytes = 1000; }, {"ends inside person 0", "expected 1012"});
    expectPersonRefused([](Person& p) { p.name = "a\nb"; }, {"person 0", "U+000A"});
    expectPersonRefused([](Person& p) { p.name = "\xc3"; }, {"person 0", "not UTF-8"});
    expectPersonRefused([](Person& p) { p.images = 0; }, {"person 0", "0 images"});
    expectPersonRefused([](Person& p) { p.images = 0x80000000; }, {"person 0", "2147483648 images"});
    expectPersonRefused([](Person& p) { p.total = -1; }, {"person 0", "confidence of -1"});
    expectPersonRefused([nan](Person& p) { p.total = static_cast<double>(nan); }, {"person 0", "confidence of"});
    expectPersonRefused([inf](Person& p) { p.total = static_cast<double>(inf); }, {"person 0", "confidence of inf"});
    expectPersonRefused([nan](Person& p) { p.row[1] = nan; }, {"person 0", "norm", "finite"});
    expectPersonRefused([inf](Person& p) { p.row[0] = inf; }, {"person 0", "norm inf"});
    expectPersonRefused([](Person& p) { p.row = {0, 0}; }, {"person 0", "norm 0"});
    expectPersonRefused([](Person& p) { p.row = {1e16f, 0}; }, {"person 0", "norm 1e+16"});
    expectRefused([](File& f) { f.people.push_back(Person()); }, {"person 1", "\"Ann\" does not come after \"Ann\""});
    expectRefused(
        [](File& f) {
            f.people.push_back(Person());
            f.people[1].name = "Aaron";
        },
        {"person 1", "\"Aaron\" does not come after \"Ann\"", "ascending"});
}

TEST_F(GalleryFile, WrongSectionsAreRefused) {
    expectRefused([](File& f) { f.version = 2; }, {"no section"});
    expectRefused([](File& f) { f.sections = {Section()}; }, {"44 bytes follow the last of 1 people"});
    expectSectionRefused([](Section& s) { s.tag = "RATF"; }, {"\"RATF\"", "unknown", "RATE"});
    expectSectionRefused([](Section& s) { s.tag = "rate"; }, {"four letters A to Z"});
    expectSectionRefused([](Section& s) { s.contentBytes = 29; }, {"\"RATE\"", "29 bytes", "at most 28"});
    expectSectionRefused([](Section& s) { s.contentBytes = 27; }, {"\"RATE\"", "checksum"});
    expectSectionRefused([](Section& s) { s.contentBytes = 0x7fffffffffffffffll; }, {"9223372036854775807 bytes"});
    expectRefused(
        [](File& f) {
            f = withSection();
            f.sections.push_back(Section());
        },
        {"\"RATE\" does not come after \"RATE\"", "ascending"});
    expectRefused(
        [](File& f) {
            f = withSection();
            f.tail = "tail";
        },
        {"ends inside a section", "4 bytes"});
}

TEST_F(GalleryFile, WrongThresholdsAreRefused) {
    const auto refused = [&](const Bytes& content, const std::vector<std::string>& parts) {
        expectSectionRefused([&](Section& s) { s.content = content; }, parts);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    refused({}, {"0 bytes", "2 to 64"});
    refused({1, 0, 0}, {"3 bytes"});
    refused(Section::rates({{0.1, 0.25f}}), {"for 1 false-match rates", "2 to 64"});
    refused(Section::rates(std::vector<std::pair<double, float>>(65)), {"for 65 false-match rates"});
    Bytes longer = Section::rates();
    longer.push_back(0);
    refused(longer, {"29 bytes for 2"});
    refused(Section::rates({{1, 0.25f}, {0.1, 0.5f}}), {"rate 1,", "within (0, 1)"});
    refused(Section::rates({{0.1, 0.25f}, {0, 0.5f}}), {"rate 0,"});
    refused(Section::rates({{nan, 0.25f}, {0.1, 0.5f}}), {"rate", "within (0, 1)"});
    refused(Section::rates({{0.1, 0.25f}, {0.1, 0.5f}}), {"rate 0.1", "below the previous one"});
    refused(Section::rates({{0.1, 0.5f}, {0.01, 0.5f}}), {"cosine 0.5", "rate 0.01", "above the previous one"});
    refused(Section::rates({{0.1, 0.5f}, {0.01, 1.5f}}), {"cosine 1.5", "within [-1, 1]"});
    refused(Section::rates({{0.1, 0.5f}, {0.01, static_cast<float>(nan)}}), {"cosine", "within [-1, 1]"});
}

TEST_F(GalleryFile, WhatIsNoFileIsRefused) {
    expectError([&] { Gallery::load(path); }, {path, "cannot be opened"});
    expectError([&] { Gallery::load(""); }, {"empty path", "cannot be opened"});
    expectError([&] { Gallery::load(dir.path()); }, {dir.path(), "not a regular file"});
    expectError([] { Gallery::load("/dev/zero"); }, {"/dev/zero", "not a regular file"});
}
