// SPDX-License-Identifier: Apache-2.0

#include "face_set.hpp"

#include <turbojpeg.h>

#include <climits>
#include <cmath>
#include <locale>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace drgan::io {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
    throw std::runtime_error(path + ": " + what);
}

const std::string& metadataText(const SafetensorsFile& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) {
        fail(file.path(), "not a face set: the metadata has no '" + key + "'");
    }
    return found->second;
}

// Numbers joined by commas, in the C locale whatever the program's is.
std::vector<float> metadataNumbers(const SafetensorsFile& file, const std::string& key, size_t count) {
    const std::string& text = metadataText(file, key);
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    std::vector<float> values(count);
    bool good = true;
    for (size_t i = 0; i < count && good; ++i) {
        char comma = ',';
        good = (i == 0 || (stream >> comma && comma == ',')) && (stream >> values[i]) && std::isfinite(values[i]);
    }
    if (!good || stream.peek() != std::istringstream::traits_type::eof()) {
        fail(file.path(), "metadata '" + key + "' is '" + text + "', expected " + std::to_string(count) + " number(s)");
    }
    return values;
}

}  // namespace

template <typename T>
Span<T> FaceSet::column(const std::string& name, const char* dtype, const std::vector<int64_t>& shape) const {
    const TensorView& view = file_.at(name);
    bool same = view.dtype == dtype && view.shape.size() == shape.size();
    for (size_t i = 0; same && i < shape.size(); ++i) {
        same = shape[i] < 0 || view.shape[i] == shape[i];  // < 0: any
    }
    if (!same) {
        const auto text = [](const std::vector<int64_t>& sides) {
            std::string result;
            for (const int64_t side : sides) {
                result += (result.empty() ? "" : ",") + (side < 0 ? std::string("?") : std::to_string(side));
            }
            return "[" + result + "]";
        };
        fail(file_.path(), "column '" + name + "' is " + view.dtype + " " + text(view.shape) + ", expected " + dtype +
                               " " + text(shape));
    }
    if (reinterpret_cast<uintptr_t>(view.data) % alignof(T) != 0) {
        fail(file_.path(), "column '" + name + "' is not aligned to its element size; write the wide columns first");
    }
    return {reinterpret_cast<const T*>(view.data), view.bytes / sizeof(T)};
}

FaceSet::FaceSet(const std::string& path) : file_(path) {
    readMetadata();
    const TensorView& persons = file_.at("person");
    const int64_t rows = persons.shape.size() == 1 ? persons.shape[0] : -1;
    if (rows < 0 || rows > INT32_MAX) {
        fail(path, "column 'person' has a bad shape");
    }
    person_ = column<int32_t>("person", "I32", {rows});
    split_ = column<uint8_t>("split", "U8", {rows});
    yaw_ = column<float>("yaw", "F32", {rows});
    origin_ = column<int32_t>("origin", "I32", {rows});
    landmarks_ = column<float>("landmarks", "F32", {rows, 5, 2});
    offset_ = column<int64_t>("jpeg_offset", "I64", {rows + 1});
    jpeg_ = column<uint8_t>("jpeg", "U8", {-1});
    if (file_.contains("teacher")) {
        teacher_ = column<float>("teacher", "F32", {rows, -1});
        teacherSize_ = static_cast<size_t>(file_.at("teacher").shape[1]);
        teacherName_ = metadataText(file_, "teacher");
    }
    checkRows();
}

void FaceSet::readMetadata() {
    if (metadataText(file_, "format") != faceSetFormat) {
        fail(file_.path(), "the format is '" + metadataText(file_, "format") + "', expected '" + faceSetFormat + "'");
    }
    const float size = metadataNumbers(file_, "image_size", 1)[0];
    if (size < 1 || size > 4096 || size != std::floor(size)) {
        fail(file_.path(), "image_size is " + metadataText(file_, "image_size") + ", expected 1..4096");
    }
    imageSize_ = static_cast<int>(size);
    const std::vector<float> eyes = metadataNumbers(file_, "align_eyes", 2);
    eyesX_ = eyes[0];
    eyesY_ = eyes[1];
    eyeMouth_ = metadataNumbers(file_, "align_eye_mouth", 1)[0];
    try {
        persons_ = nlohmann::json::parse(metadataText(file_, "persons")).get<std::vector<std::string>>();
    } catch (const nlohmann::json::exception&) {
        fail(file_.path(), "metadata 'persons' is not a JSON list of names");
    }
}

void FaceSet::checkRows() const {
    const auto bad = [this](const char* name, size_t row, const std::string& value) {
        fail(file_.path(), "row " + std::to_string(row) + ": " + name + " is " + value);
    };
    for (size_t row = 0; row < size(); ++row) {
        if (person_[row] < 0 || static_cast<size_t>(person_[row]) >= persons_.size()) {
            bad("person", row, std::to_string(person_[row]) + " of " + std::to_string(persons_.size()));
        }
        if (split_[row] > 1) {
            bad("split", row, std::to_string(split_[row]) + ", expected 0 or 1");
        }
        if (!std::isfinite(yaw_[row])) {
            bad("yaw", row, "not a number");
        }
        const int32_t origin = origin_[row];
        if (origin != -1 && (origin < 0 || static_cast<size_t>(origin) >= size() || origin_[origin] != -1)) {
            bad("origin", row, std::to_string(origin) + ", expected -1 or the row of a real picture");
        }
        if (offset_[row] < 0 || offset_[row + 1] < offset_[row] ||
            static_cast<uint64_t>(offset_[row + 1]) > jpeg_.size()) {
            bad("jpeg_offset", row,
                std::to_string(offset_[row]) + ".." + std::to_string(offset_[row + 1]) + " of " +
                    std::to_string(jpeg_.size()) + " bytes");
        }
    }
}

Span<uint8_t> FaceSet::jpeg(size_t row) const {
    if (row >= size()) {
        fail(file_.path(), "row " + std::to_string(row) + " of " + std::to_string(size()));
    }
    return {jpeg_.data() + offset_[row], static_cast<size_t>(offset_[row + 1] - offset_[row])};
}

void FaceSet::decode(size_t row, uint8_t* rgb) const {
    const Span<uint8_t> bytes = jpeg(row);
    const auto length = static_cast<unsigned long>(bytes.size());
    const std::string name = "row " + std::to_string(row);
    const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
    const auto corrupt = [&] { fail(file_.path(), name + ": corrupt JPEG (" + tjGetErrorStr2(decoder.get()) + ")"); };
    int width = 0, height = 0, subsampling = 0, colorspace = 0;
    if (tjDecompressHeader3(decoder.get(), bytes.data(), length, &width, &height, &subsampling, &colorspace) != 0) {
        corrupt();
    }
    if (width != imageSize_ || height != imageSize_) {
        fail(file_.path(), name + ": the picture is " + std::to_string(width) + "x" + std::to_string(height) +
                               ", expected " + std::to_string(imageSize_) + "x" + std::to_string(imageSize_));
    }
    // A warning, such as of data that end too early, is an error, too.
    if (tjDecompress2(decoder.get(), bytes.data(), length, rgb, width, 0, height, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
        corrupt();
    }
}

}  // namespace drgan::io
