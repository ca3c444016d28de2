// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace drgan::io {

/// Splits one CSV record (RFC 4180: quotes may enclose a field, a doubled quote stands for one).
std::vector<std::string> splitCsv(const std::string& line);

/// Quotes a CSV field where it needs it.
std::string quoteCsv(const std::string& field);

/// A CSV file whose first line names its columns, one record a line. Blank lines and a byte order mark, as spreadsheets
/// write it, do not count.
class CsvFile {
public:
    /// @throws std::runtime_error naming the file and why it cannot be read
    explicit CsvFile(const std::string& path);

    const std::vector<std::string>& columns() const { return columns_; }
    /// @param fields gets the next record's, which may be fewer or more than the columns
    /// @return false: there is none
    bool next(std::vector<std::string>& fields);
    /// That of the last record, from 1.
    size_t line() const { return line_; }

private:
    std::ifstream stream_;
    std::vector<std::string> columns_;
    size_t line_ = 0;
};

/// The number in a field. @throws std::runtime_error naming the column and the text where it is no finite number
template <typename T>
T numberIn(const std::string& column, const std::string& text) {
    T value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || !std::isfinite(value)) {
        throw std::runtime_error(column + " is '" + text + "', expected a number");
    }
    return value;
}

/// Columns of five landmarks, in the order in which they are stored everywhere.
constexpr const char* landmarkColumns[] = {"right_eye_x",  "right_eye_y", "left_eye_x",    "left_eye_y",
                                           "nose_x",       "nose_y",      "right_mouth_x", "right_mouth_y",
                                           "left_mouth_x", "left_mouth_y"};

}  // namespace drgan::io
