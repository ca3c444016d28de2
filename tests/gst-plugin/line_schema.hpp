// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_LINE_SCHEMA_HPP
#define DRGAN_TESTS_LINE_SCHEMA_HPP

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace drgan_test {

/// docs/messages.schema.json, which describes a line of results.
class LineSchema {
public:
    LineSchema() {
        std::ifstream in(DRGAN_SOURCE_ROOT "/docs/messages.schema.json");
        document_ = nlohmann::json::parse(in);
        valijson::SchemaParser(valijson::SchemaParser::kDraft7)
            .populateSchema(valijson::adapters::NlohmannJsonAdapter(document_), schema_);
    }

    const nlohmann::json& document() const { return document_; }

    /// @return what is wrong with a line; empty: nothing
    std::string fault(const nlohmann::json& line) const {
        valijson::ValidationResults results;
        valijson::Validator validator;
        if (validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(line), &results)) {
            return "";
        }
        std::string out = line.dump();
        valijson::ValidationResults::Error error;
        while (results.popError(error)) {
            out += "\n" + error.description;
        }
        return out;
    }

private:
    nlohmann::json document_;
    valijson::Schema schema_;
};

}  // namespace drgan_test

#endif
