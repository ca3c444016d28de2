// SPDX-License-Identifier: Apache-2.0

#include "labels.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "io/csv.hpp"

namespace drgan::data {

namespace {

constexpr float leastCropFactor = 1, mostCropFactor = 10;

/// The columns of a table by name.
class Header {
public:
    Header(const std::string& path, const std::vector<std::string>& names) {
        for (size_t i = 0; i < names.size(); ++i) {
            columns_[names[i]] = i;
        }
        for (const char* required : {"file", "person"}) {
            if (!has(required)) {
                throw std::runtime_error(path + ": there is no column '" + required + "'");
            }
        }
        count_ = names.size();
        size_t found = 0;
        for (const char* name : io::landmarkColumns) {
            found += has(name) ? 1 : 0;
        }
        if (found != 0 && found != std::size(io::landmarkColumns)) {
            throw std::runtime_error(path + ": " + std::to_string(found) +
                                     " of the ten landmark columns are there, expected all or none");
        }
    }
    /// Whether the row is one that the filter wants.
    bool passes(const std::vector<std::string>& fields, const RowFilter& filter) const {
        return std::all_of(filter.columns.begin(), filter.columns.end(),
                           [&](const auto& c) { return get(fields, c.first) == c.second; });
    }
    bool has(const std::string& name) const { return columns_.count(name) != 0; }
    size_t count() const { return count_; }
    std::string get(const std::vector<std::string>& fields, const std::string& name) const {
        const auto found = columns_.find(name);
        return found == columns_.end() ? std::string() : fields[found->second];
    }

private:
    std::map<std::string, size_t> columns_;
    size_t count_ = 0;
};

// A member name or path must stay below the folder: it comes from a file that somebody else may have written.
void checkBelow(const std::string& column, const std::string& path) {
    const std::string walled = "/" + path + "/";
    if (path.empty() || path.front() == '/' || walled.find("/../") != std::string::npos) {
        throw std::runtime_error(column + " is '" + path + "', expected a path below the folder");
    }
}

Label readRow(const Header& header, const std::vector<std::string>& fields) {
    if (fields.size() != header.count()) {
        throw std::runtime_error(std::to_string(fields.size()) + " fields, expected " + std::to_string(header.count()));
    }
    Label label;
    label.file = header.get(fields, "file");
    checkBelow("file", label.file);
    label.archive = header.get(fields, "tar");
    if (!label.archive.empty()) {
        checkBelow("tar", label.archive);
    }
    label.person = header.get(fields, "person");
    if (label.person.empty()) {
        throw std::runtime_error("person is empty");
    }
    const std::string split = header.get(fields, "split");
    if (!split.empty() && split != "train" && split != "dev") {
        throw std::runtime_error("split is '" + split + "', expected train or dev");
    }
    label.split = split == "dev" ? 1 : 0;
    const std::string yaw = header.get(fields, "yaw_deg");
    if (!yaw.empty()) {
        label.yaw = io::numberIn<float>("yaw_deg", yaw);
        if (std::abs(label.yaw) > 180) {
            throw std::runtime_error("yaw_deg is " + yaw + ", expected -180..180");
        }
    }
    if (const std::string factor = header.get(fields, "crop_factor"); !factor.empty()) {
        label.cropFactor = io::numberIn<float>("crop_factor", factor);
        if (!(label.cropFactor >= leastCropFactor && label.cropFactor <= mostCropFactor)) {
            throw std::runtime_error("crop_factor is " + factor + ", expected 1..10");
        }
    }
    if (!header.get(fields, io::landmarkColumns[0]).empty()) {
        for (size_t i = 0; i < std::size(io::landmarkColumns); ++i) {
            const float value = io::numberIn<float>(io::landmarkColumns[i], header.get(fields, io::landmarkColumns[i]));
            (i % 2 ? label.landmarks[i / 2].y : label.landmarks[i / 2].x) = value;
        }
        label.hasLandmarks = true;
    }
    return label;
}

}  // namespace

Labels readLabels(const std::string& path, const RowFilter& filter) {
    io::CsvFile file(path);
    const Header header(path, file.columns());
    for (const auto& [column, text] : filter.columns) {
        if (!header.has(column)) {
            throw std::runtime_error(path + ": there is no column '" + column + "'");
        }
    }
    Labels labels;
    for (std::vector<std::string> fields; file.next(fields);) {
        try {
            if (fields.size() == header.count() && !header.passes(fields, filter)) {
                continue;
            }
            Label label = readRow(header, fields);
            if (!(std::abs(label.yaw) > filter.mostYaw)) {
                label.line = file.line();
                labels.rows.push_back(std::move(label));
            }
        } catch (const std::runtime_error& error) {
            const std::string picture = fields.size() == header.count() ? header.get(fields, "file") : std::string();
            labels.dropped.push_back({file.line(), picture, error.what()});
        }
    }
    return labels;
}

}  // namespace drgan::data
