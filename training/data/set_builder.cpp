// SPDX-License-Identifier: Apache-2.0

#include "set_builder.hpp"

#include <locale>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "io/face_set.hpp"

namespace drgan::data {

namespace {

std::string numberText(float value) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream << value;
    return stream.str();
}

template <typename T>
io::TensorSource source(const std::string& name, const char* dtype, std::vector<int64_t> shape,
                        const std::vector<T>& values) {
    return {name, dtype, std::move(shape), values.data(), values.size() * sizeof(T)};
}

/// The columns of the set, row by row.
struct Columns {
    std::vector<uint8_t> jpeg;
    std::vector<int64_t> offset{0};
    std::vector<int32_t> person;
    std::vector<uint8_t> split;
    std::vector<float> yaw;
    std::vector<int32_t> origin;
    std::vector<float> landmarks;
    std::vector<float> teacher;

    void add(const PreparedFace& face, int32_t personIndex, int splitIndex, int32_t originRow) {
        jpeg.insert(jpeg.end(), face.jpeg.begin(), face.jpeg.end());
        offset.push_back(static_cast<int64_t>(jpeg.size()));
        person.push_back(personIndex);
        split.push_back(static_cast<uint8_t>(splitIndex));
        yaw.push_back(face.yaw);
        origin.push_back(originRow);
        for (const cv::Point2f& p : face.landmarks) {
            landmarks.push_back(p.x);
            landmarks.push_back(p.y);
        }
    }
};

// A folder may have any bytes as its name, JSON wants UTF-8.
constexpr auto replaceBad = nlohmann::json::error_handler_t::replace;

std::string fileName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

SetSummary writeFaceSet(const std::string& path, const Options& options, const std::vector<Label>& labels,
                        std::vector<Prepared>& prepared) {
    Columns columns;
    SetSummary summary;
    std::map<std::string, int32_t> personIndex;
    std::vector<std::string> persons;
    size_t teacherSize = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
        if (prepared[i].faces.empty()) {
            continue;
        }
        const auto [entry, isNew] = personIndex.emplace(labels[i].person, static_cast<int32_t>(persons.size()));
        if (isNew) {
            persons.push_back(labels[i].person);
        }
        const auto row = static_cast<int32_t>(columns.person.size());
        for (size_t k = 0; k < prepared[i].faces.size(); ++k) {
            columns.add(prepared[i].faces[k], entry->second, labels[i].split, k == 0 ? -1 : row);
        }
        const std::vector<float>& embedding = prepared[i].teacher;
        teacherSize = std::max(teacherSize, embedding.size());
        columns.teacher.insert(columns.teacher.end(), embedding.begin(), embedding.end());
        columns.teacher.resize(columns.person.size() * teacherSize, 0.F);
        summary.real += 1;
        summary.turned += prepared[i].faces.size() - 1;
        prepared[i] = {};
    }
    if (columns.person.empty()) {
        throw std::runtime_error(path + ": no picture could be prepared, nothing to write");
    }
    summary.persons = persons.size();
    const auto rows = static_cast<int64_t>(columns.person.size());
    std::map<std::string, std::string> metadata = {
        {"format", io::faceSetFormat},
        {"image_size", std::to_string(options.alignment.size)},
        {"align_eyes", numberText(options.alignment.eyes.x) + "," + numberText(options.alignment.eyes.y)},
        {"align_eye_mouth", numberText(options.alignment.eyeMouth)},
        {"persons", nlohmann::json(persons).dump(-1, ' ', false, replaceBad)}};
    std::vector<io::TensorSource> tensors = {
        source("jpeg", "U8", {static_cast<int64_t>(columns.jpeg.size())}, columns.jpeg),
        source("jpeg_offset", "I64", {rows + 1}, columns.offset),
        source("person", "I32", {rows}, columns.person),
        source("split", "U8", {rows}, columns.split),
        source("yaw", "F32", {rows}, columns.yaw),
        source("origin", "I32", {rows}, columns.origin),
        source("landmarks", "F32", {rows, 5, 2}, columns.landmarks)};
    if (teacherSize > 0) {
        metadata["teacher"] = fileName(options.teacher);
        tensors.push_back(source("teacher", "F32", {rows, static_cast<int64_t>(teacherSize)}, columns.teacher));
    }
    io::writeSafetensors(path, tensors, metadata);
    return summary;
}

}  // namespace drgan::data
