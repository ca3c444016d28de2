// SPDX-License-Identifier: Apache-2.0
#include "csv.hpp"

#include <cerrno>
#include <cstring>

namespace drgan::io {

std::vector<std::string> splitCsv(const std::string& line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
                fields.back() += line[++i];
            } else {
                quoted = !quoted;
            }
        } else if (line[i] == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    return fields;
}

std::string quoteCsv(const std::string& field) {
    if (field.find_first_of(",\"\n\r") == std::string::npos) {
        return field;
    }
    std::string quoted = "\"";
    for (const char c : field) {
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    }
    return quoted + "\"";
}

CsvFile::CsvFile(const std::string& path) {
    errno = 0;
    stream_.open(path);
    if (!stream_ || !next(columns_)) {
        throw std::runtime_error(path + ": cannot be read: " + (errno != 0 ? std::strerror(errno) : "it is empty"));
    }
}

bool CsvFile::next(std::vector<std::string>& fields) {
    std::string text;
    while (std::getline(stream_, text)) {
        if (++line_ == 1 && text.compare(0, 3, "\xEF\xBB\xBF") == 0) {
            text.erase(0, 3);
        }
        if (!text.empty() && text.back() == '\r') {
            text.pop_back();
        }
        if (!text.empty()) {
            fields = splitCsv(text);
            return true;
        }
    }
    return false;
}

}  // namespace drgan::io
