// SPDX-License-Identifier: Apache-2.0

#include "person_labels.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "io/csv.hpp"

namespace drgan::eval {

namespace {

struct Label {
    const char* column;
    std::string PersonLabels::*value;
};
constexpr Label known[] = {
    {"age", &PersonLabels::age}, {"gender", &PersonLabels::gender}, {"race", &PersonLabels::race}};

/// Where the columns are that are read.
struct Columns {
    size_t person = 0;
    std::vector<std::pair<size_t, Label>> labels;
};

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

Columns columnsOf(const std::vector<std::string>& names) {
    const auto has = [&](const std::string& name) {
        const auto count = std::count(names.begin(), names.end(), name);
        if (count > 1) {
            throw std::runtime_error(fmt::format("there are {} columns '{}', expected one", count, name));
        }
        return count == 1;
    };
    const auto at = [&](const std::string& name) {
        return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    Columns columns;
    if (!has("person")) {
        throw std::runtime_error("there is no column 'person', found " + listed(names));
    }
    columns.person = at("person");
    for (const Label& label : known) {
        if (has(label.column)) {
            columns.labels.emplace_back(at(label.column), label);
        }
    }
    if (columns.labels.empty()) {
        throw std::runtime_error("there is no column 'age', 'gender' or 'race', found " + listed(names));
    }
    return columns;
}

std::map<std::string, PersonLabels> readTable(const std::string& path) {
    io::CsvFile file(path);
    std::map<std::string, PersonLabels> table;
    try {
        const Columns columns = columnsOf(file.columns());
        for (std::vector<std::string> fields; file.next(fields);) {
            if (fields.size() != file.columns().size()) {
                throw std::runtime_error(fmt::format("{} fields, expected {}", fields.size(), file.columns().size()));
            }
            const std::string& person = fields[columns.person];
            if (person.empty()) {
                throw std::runtime_error("person is empty, expected a name");
            }
            PersonLabels& labels = table[person];
            for (const auto& [index, label] : columns.labels) {
                std::string& value = labels.*label.value;
                if (!value.empty() && !fields[index].empty() && value != fields[index]) {
                    throw std::runtime_error(fmt::format("{} of '{}' is '{}', expected '{}' as in an earlier line",
                                                         label.column, person, fields[index], value));
                }
                value = value.empty() ? fields[index] : value;
            }
        }
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(fmt::format("{}: line {}: {}", path, file.line(), error.what()));
    }
    return table;
}

bool isLabelled(const PersonLabels& labels) {
    return std::any_of(std::begin(known), std::end(known),
                       [&](const Label& label) { return !(labels.*label.value).empty(); });
}

}  // namespace

std::vector<PersonLabels> readPersonLabels(const std::string& path, const Persons& persons) {
    const std::map<std::string, PersonLabels> table = readTable(path);
    std::vector<PersonLabels> labels;
    for (const Person& person : persons) {
        const auto found = table.find(person.name);
        labels.push_back(found == table.end() ? PersonLabels() : found->second);
    }
    if (std::none_of(labels.begin(), labels.end(), isLabelled)) {
        throw std::runtime_error(
            fmt::format("{}: there are labels of {} people, but of none of the {} strangers{}", path, table.size(),
                        persons.size(), persons.empty() ? "" : fmt::format(", such as '{}'", persons.front().name)));
    }
    return labels;
}

}  // namespace drgan::eval
