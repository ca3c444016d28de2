// SPDX-License-Identifier: Apache-2.0
#include "api.hpp"

#include <glib.h>

#include <cstdlib>
#include <opencv2/imgcodecs.hpp>
#include <utility>
#include <vector>

namespace drgan::people {
namespace {

using nlohmann::json;

std::int64_t now() { return g_get_real_time() / 1000; }

/// The last midnight, local time, in milliseconds since 1970.
std::int64_t today() {
    GDateTime* time = g_date_time_new_now_local();
    GDateTime* midnight = g_date_time_new_local(g_date_time_get_year(time), g_date_time_get_month(time),
                                                g_date_time_get_day_of_month(time), 0, 0, 0);
    const std::int64_t seconds = g_date_time_to_unix(midnight);
    g_date_time_unref(midnight);
    g_date_time_unref(time);
    return seconds * 1000;
}

std::string png(const cv::Mat& picture) {
    std::vector<uchar> bytes;
    if (!picture.empty()) {
        cv::imencode(".png", picture, bytes);
    }
    return {bytes.begin(), bytes.end()};
}

std::string textOf(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json describe(const Track& track) {
    return {{"id", track.id},
            {"name", track.name},
            {"similarity", track.similarity},
            {"visitor", track.visitor},
            {"images", track.images},
            {"pictures", track.pictures},
            {"face", !track.face.empty()},
            {"frontal", !track.frontal.empty()},
            {"first", track.first},
            {"last", track.last}};
}

std::string nameIn(const json& body, const char* field) {
    const auto name = body.at(field).get<std::string>();
    if (name.find('\0') != std::string::npos) {  // for GLib, the text would end there
        throw Refused("A name has no control characters.");
    }
    return name;
}

/// A name that the user has typed, without the spaces at its ends.
std::string typedName(const json& body, const char* field) {
    std::string name = nameIn(body, field);
    g_strstrip(name.data());
    name = name.c_str();
    if (name.empty()) {
        throw Refused("Type a name.");
    }
    return name;
}

}  // namespace

Api::Api(Player& player, PeopleFile& file)
    : player_(player), file_(file), changes_(player, file, roster_, [this](const std::string& why) { warn(why); }) {}

void Api::take(const examples::Result& result) {
    Track seen;
    seen.id = result.trackId;
    seen.name = result.name;
    seen.similarity = result.similarity;
    seen.visitor = result.visitor;
    seen.confidence = result.confidence;
    seen.images = result.images;
    seen.face = png(result.face);
    seen.frontal = png(result.frontal);
    roster_.take(result.event, seen, now());
}

void Api::warn(const std::string& why) { warning_ = why; }

void Api::end() { ended_ = true; }

json Api::state() {
    roster_.dropBefore(today());
    json state{{"source", player_.source()}, {"gallery", file_.path()}, {"ended", ended_},        {"warning", warning_},
               {"present", json::array()},   {"past", json::array()},   {"people", json::array()}};
    for (const Track& track : roster_.present()) {
        state["present"].push_back(describe(track));
    }
    for (const Track& track : roster_.past()) {
        state["past"].push_back(describe(track));
    }
    for (const auto& person : file_.people()) {
        state["people"].push_back({{"name", person.name}, {"images", person.images}});
    }
    return state;
}

Reply Api::answer(const Request& request) {
    if (request.method == "POST") {
        return change(request);
    }
    if (request.method != "GET") {
        return {405, "", ""};
    }
    if (request.path != "/state") {
        return picture(request);
    }
    json current = state();
    std::string text = textOf(current);
    if (text != shown_) {
        shown_ = std::move(text);
        ++version_;
    }
    const auto since = request.query.find("since");
    if (since != request.query.end() && since->second == std::to_string(version_)) {
        return {204, "", ""};
    }
    current["version"] = version_;
    return {200, "application/json", textOf(current)};
}

Reply Api::picture(const Request& request) const {
    const auto id = request.query.find("track");
    const Track* track =
        id == request.query.end() ? nullptr : roster_.find(static_cast<unsigned>(std::atoi(id->second.c_str())));
    const bool face = request.path == "/face";
    if (track == nullptr || (!face && request.path != "/frontal")) {
        return {404, "", ""};
    }
    const std::string& bytes = face ? track->face : track->frontal;
    return bytes.empty() ? Reply{404, "", ""} : Reply{200, "image/png", bytes};
}

Reply Api::change(const Request& request) {
    const std::string& path = request.path;
    try {
        const json body = json::parse(request.body);
        if (path == "/enroll") {
            changes_.enroll(body.at("track").get<unsigned>(), typedName(body, "name"));
        } else if (path == "/rename") {
            changes_.rename(nameIn(body, "name"), typedName(body, "to"));
        } else if (path == "/merge") {
            changes_.merge(nameIn(body, "name"), nameIn(body, "into"));
        } else if (path == "/remove") {
            changes_.remove(nameIn(body, "name"));
        } else if (path == "/forget") {
            changes_.forget(body.at("track").get<unsigned>());
        } else {
            return {404, "", ""};
        }
    } catch (const json::exception& error) {
        return {400, "text/plain; charset=utf-8", error.what()};
    } catch (const Refused& refused) {
        return {409, "text/plain; charset=utf-8", refused.what()};
    }
    return {204, "", ""};
}

}  // namespace drgan::people
