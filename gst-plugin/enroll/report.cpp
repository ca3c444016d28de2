// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace drgan::enroll {
namespace {

using Json = nlohmann::ordered_json;

struct Person {
    int images = 0;
    double totalConfidence = 0;
    std::vector<const Outcome*> files;
};

std::map<std::string, Person> byName(const Report& report) {
    std::map<std::string, Person> people;
    for (const auto& o : report.outcomes) {
        if (o.images > 0) {
            Person& p = people[o.source.name];
            p.images += o.images;
            p.totalConfidence += o.totalConfidence;
            p.files.push_back(&o);
        }
    }
    return people;
}

}  // namespace

size_t enrolled(const Report& report) { return byName(report).size(); }

std::string asText(const Report& report) {
    std::string text;
    for (const auto& [name, person] : byName(report)) {
        text += name + cv::format(": %d pictures of %zu files, total confidence %.2f\n", person.images,
                                  person.files.size(), person.totalConfidence);
    }
    for (const auto& o : report.outcomes) {
        if (o.images == 0) {
            text += "not taken: " + o.source.file + ": " + o.reason + "\n";
            continue;
        }
        if (!o.reason.empty()) {
            text += "note: " + o.source.file + ": " + o.reason + "\n";
        }
        if (o.unlike) {
            text += "warning: " + o.source.file + ": unlike the other files of " + o.source.name +
                    cv::format(" (%.2f): is it the same person?\n", o.likeness);
        }
    }
    for (const auto& [file, reason] : report.aside) {
        text += "not taken: " + file + ": " + reason + "\n";
    }
    return text + report.gallery + cv::format(": %d people\n", report.people);
}

std::string asJson(const Report& report) {
    Json out = {{"gallery", report.gallery}, {"bundle", report.bundle}, {"size", report.people}};
    out["people"] = Json::array();
    for (const auto& [name, person] : byName(report)) {
        Json files = Json::array();
        for (const auto* o : person.files) {
            Json file = {{"file", o->source.file}, {"images", o->images}, {"total_confidence", o->totalConfidence}};
            if (person.files.size() > 1) {
                file["likeness"] = o->likeness;
                file["unlike"] = o->unlike;
            }
            if (!o->reason.empty()) {
                file["note"] = o->reason;
            }
            files.push_back(file);
        }
        out["people"].push_back({{"name", name},
                                 {"images", person.images},
                                 {"total_confidence", person.totalConfidence},
                                 {"files", files}});
    }
    out["not_taken"] = Json::array();
    for (const auto& o : report.outcomes) {
        if (o.images == 0) {
            out["not_taken"].push_back({{"name", o.source.name}, {"file", o.source.file}, {"reason", o.reason}});
        }
    }
    for (const auto& [file, reason] : report.aside) {
        out["not_taken"].push_back({{"name", nullptr}, {"file", file}, {"reason", reason}});
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace drgan::enroll
