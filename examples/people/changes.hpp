// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_CHANGES_HPP
#define DRGAN_EXAMPLES_PEOPLE_CHANGES_HPP

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "people_file.hpp"
#include "player.hpp"
#include "roster.hpp"

namespace drgan::people {

/// A change that is impossible; nothing was changed. The text is for the user.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What the user changes: in the element, in the gallery's file, which is saved at once, and in the roster. All throw
/// Refused, or std::runtime_error if the change holds in the element but cannot be saved.
class Changes {
public:
    /// @param warn called if a change was made, but is not whole
    Changes(Player& player, PeopleFile& file, Roster& roster, std::function<void(const std::string&)> warn);

    /// Makes the person behind a track one of the gallery. What was enrolled of the track under another name is
    /// removed.
    void enroll(unsigned track, const std::string& name);
    void rename(const std::string& name, const std::string& to);
    void merge(const std::string& name, const std::string& into);
    void remove(const std::string& name);
    void forget(unsigned track);

private:
    void takeBack(unsigned track, const std::string& name);
    void followNames(const std::string& name, const std::string& to);
    void save();

    Player& player_;
    PeopleFile& file_;
    Roster& roster_;
    std::function<void(const std::string&)> warn_;
    std::map<unsigned, std::string> enrolled_;  // the tracks that were enrolled here, under which name
};

}  // namespace drgan::people

#endif
