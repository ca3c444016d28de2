// SPDX-License-Identifier: Apache-2.0
#include "changes.hpp"

#include <glib.h>

#include <utility>

namespace drgan::people {
namespace {

/// @param time milliseconds since 1970
std::string utcText(std::int64_t time) {
    GDateTime* date = g_date_time_new_from_unix_utc(time / 1000);
    gchar* text = g_date_time_format(date, "%FT%TZ");
    std::string result = text;
    g_free(text);
    g_date_time_unref(date);
    return result;
}

std::string quoted(const std::string& name) { return "“" + name + "”"; }

}  // namespace

Changes::Changes(Player& player, PeopleFile& file, Roster& roster, std::function<void(const std::string&)> warn)
    : player_(player), file_(file), roster_(roster), warn_(std::move(warn)) {}

void Changes::enroll(unsigned id, const std::string& name) {
    const Track* track = roster_.find(id);
    if (track == nullptr || track->images == 0) {
        throw Refused("This face is not known any more.");
    }
    if (roster_.isPresent(id)) {
        if (!player_.enroll(id, name)) {
            throw Refused("The face has just left, or nobody can have the name " + quoted(name) + ".");
        }
        save();
    } else {
        // The element knows nothing any more of a track that has ended, but its best picture is here.
        try {
            file_.enroll(name, track->face,
                         player_.source() + " " + utcText(track->first) + " track " + std::to_string(id));
        } catch (const std::exception& error) {
            throw Refused("The gallery was not changed: " + std::string(error.what()));
        }
        roster_.name(id, name);
    }
    takeBack(id, name);
}

// Whoever was enrolled under a wrong name does not stay there.
void Changes::takeBack(unsigned track, const std::string& name) {
    const std::string before = std::exchange(enrolled_[track], name);
    if (before.empty() || before == name) {
        return;
    }
    try {
        file_.takeBack(before, player_.source(), track);
    } catch (const std::exception& error) {
        warn_(quoted(before) + " still has a picture of " + quoted(name) + ": " + error.what());
    }
}

void Changes::followNames(const std::string& name, const std::string& to) {
    roster_.rename(name, to);
    for (auto& [track, enrolled] : enrolled_) {
        enrolled = enrolled == name ? to : enrolled;
    }
}

void Changes::rename(const std::string& name, const std::string& to) {
    if (name != to && file_.contains(to)) {
        throw Refused("There is somebody named " + quoted(to) + " already. Merge the two instead.");
    }
    if (name != to && !player_.renamePerson(name, to)) {
        throw Refused("There is nobody named " + quoted(name) + ", or nobody can have the name " + quoted(to) + ".");
    }
    followNames(name, to);
    save();
}

void Changes::merge(const std::string& name, const std::string& into) {
    if (!player_.mergePeople(name, into)) {
        throw Refused(quoted(name) + " and " + quoted(into) + " cannot be merged.");
    }
    followNames(name, into);
    save();
}

void Changes::remove(const std::string& name) {
    if (!player_.removePerson(name)) {
        throw Refused("There is nobody named " + quoted(name) + ".");
    }
    followNames(name, "");
    save();
}

void Changes::forget(unsigned track) {
    player_.forget(track);
    if (!roster_.forget(track)) {
        throw Refused("This face is not known any more.");
    }
}

void Changes::save() {
    if (!player_.saveGallery()) {
        throw std::runtime_error("This holds until the program stops, but could not be written to " + file_.path() +
                                 ".");
    }
}

}  // namespace drgan::people
