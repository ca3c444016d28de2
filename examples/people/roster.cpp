// SPDX-License-Identifier: Apache-2.0
#include "roster.hpp"

#include <algorithm>

namespace drgan::people {
namespace {

template <typename Tracks>
auto findIn(Tracks& tracks, unsigned id) {
    return std::find_if(tracks.begin(), tracks.end(), [id](const Track& track) { return track.id == id; });
}

bool eraseFrom(std::vector<Track>& tracks, unsigned id) {
    const auto found = findIn(tracks, id);
    const bool any = found != tracks.end();
    if (any) {
        tracks.erase(found);
    }
    return any;
}

void update(Track& track, const Track& seen) {
    track.name = seen.name;
    track.similarity = seen.similarity;
    track.visitor = seen.visitor;
    track.images = seen.images;
    if (!seen.face.empty() && (track.face.empty() || seen.confidence > track.confidence)) {
        track.face = seen.face;
        track.confidence = seen.confidence;
        ++track.pictures;
    }
    if (!seen.frontal.empty() && seen.frontal != track.frontal) {
        track.frontal = seen.frontal;
        ++track.pictures;
    }
}

}  // namespace

void Roster::take(const std::string& event, const Track& seen, std::int64_t now) {
    if (event == "track-new" && find(seen.id) == nullptr) {
        Track track;
        track.id = seen.id;
        track.first = now;
        present_.push_back(track);
    }
    const auto found = findIn(present_, seen.id);
    if (found == present_.end()) {
        return;  // it was forgotten
    }
    found->last = now;
    if (event != "track-lost") {
        update(*found, seen);
        return;
    }
    // The element reports 0 images of a track that it was told to forget.
    const bool known = seen.images > 0 && found->images > 0;
    if (known) {
        update(*found, seen);
        past_.insert(past_.begin(), *found);
        past_.resize(std::min(past_.size(), longest_));
    }
    eraseFrom(present_, seen.id);
}

bool Roster::forget(unsigned id) { return eraseFrom(present_, id) || eraseFrom(past_, id); }

bool Roster::name(unsigned id, const std::string& name) {
    const auto found = findIn(past_, id);
    if (found == past_.end()) {
        return false;
    }
    found->name = name;
    found->similarity = 0;
    return true;
}

void Roster::rename(const std::string& name, const std::string& to) {
    for (Track& track : past_) {
        if (track.name == name) {
            track.name = to;
            track.similarity = 0;
        }
    }
}

void Roster::dropBefore(std::int64_t time) {
    past_.erase(std::remove_if(past_.begin(), past_.end(), [time](const Track& track) { return track.last < time; }),
                past_.end());
}

const Track* Roster::find(unsigned id) const {
    for (const auto* tracks : {&present_, &past_}) {
        const auto found = findIn(*tracks, id);
        if (found != tracks->end()) {
            return &*found;
        }
    }
    return nullptr;
}

bool Roster::isPresent(unsigned id) const { return findIn(present_, id) != present_.end(); }

}  // namespace drgan::people
