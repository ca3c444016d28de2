// SPDX-License-Identifier: Apache-2.0
#include "scene_faces.hpp"

#include <algorithm>
#include <cstdio>
#include <locale>
#include <sstream>
#include <stdexcept>

#include "csv.hpp"
#include "replace_file.hpp"

namespace drgan::io {

namespace {

constexpr const char* box[] = {"x", "y", "w", "h"};
class Row {
public:
    Row(const std::map<std::string, size_t>& columns, const std::vector<std::string>& fields)
        : columns_(columns), fields_(fields) {}

    bool has(const char* column) const { return columns_.count(column) != 0; }
    const std::string& text(const char* column) const { return fields_[columns_.at(column)]; }
    double number(const char* column) const { return numberIn<double>(column, text(column)); }

    LabelledFace face() const {
        LabelledFace result;
        result.box = {number("x"), number("y"), number("w"), number("h")};
        if (result.box.width <= 0 || result.box.height <= 0) {
            throw std::runtime_error("a box of " + text("w") + " x " + text("h") + " pixels, expected more than 0");
        }
        if (has("score")) {
            result.score = static_cast<float>(number("score"));
        }
        for (size_t i = 0; has(landmarkColumns[0]) && i < std::size(landmarkColumns); ++i) {
            result.landmarks[i] = static_cast<float>(number(landmarkColumns[i]));
        }
        return result;
    }

private:
    const std::map<std::string, size_t>& columns_;
    const std::vector<std::string>& fields_;
};

std::map<std::string, size_t> columnsOf(const std::vector<std::string>& names) {
    std::map<std::string, size_t> columns;
    for (size_t i = 0; i < names.size(); ++i) {
        columns[names[i]] = i;
    }
    std::vector<const char*> required{"file"};
    required.insert(required.end(), std::begin(box), std::end(box));
    if (columns.count(landmarkColumns[0]) != 0) {
        required.insert(required.end(), std::begin(landmarkColumns), std::end(landmarkColumns));
    }
    for (const char* name : required) {
        if (columns.count(name) == 0) {
            throw std::runtime_error(std::string("there is no column '") + name + "'");
        }
    }
    return columns;
}

}  // namespace

SceneFaces readSceneFaces(const std::string& path) {
    CsvFile file(path);
    SceneFaces faces;
    try {
        const std::map<std::string, size_t> columns = columnsOf(file.columns());
        for (std::vector<std::string> fields; file.next(fields);) {
            if (fields.size() != columns.size()) {
                throw std::runtime_error(std::to_string(fields.size()) + " fields, expected " +
                                         std::to_string(columns.size()));
            }
            const Row row(columns, fields);
            std::vector<LabelledFace>& known = faces[row.text("file")];
            if (!row.text("x").empty()) {
                known.push_back(row.face());
            }
        }
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(path + ": line " + std::to_string(file.line()) + ": " + error.what());
    }
    if (faces.empty()) {
        throw std::runtime_error(path + ": no photograph is listed");
    }
    return faces;
}

void writeSceneFaces(const std::string& path, const SceneFaces& faces) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << std::fixed;
    out << "file,x,y,w,h";
    for (const char* name : landmarkColumns) {
        out << ',' << name;
    }
    out << ",score\n";
    for (const auto& [file, known] : faces) {
        if (known.empty()) {
            out << quoteCsv(file) << std::string(std::size(box) + std::size(landmarkColumns) + 1, ',') << '\n';
        }
        for (const LabelledFace& face : known) {
            out.precision(2);
            out << quoteCsv(file) << ',' << face.box.x << ',' << face.box.y << ',' << face.box.width << ','
                << face.box.height;
            for (const float value : face.landmarks) {
                out << ',' << value;
            }
            out.precision(4);
            out << ',' << face.score << '\n';
        }
    }
    replaceFiles({{path, out.str()}});
}

}  // namespace drgan::io
