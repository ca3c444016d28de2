// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_API_HPP
#define DRGAN_EXAMPLES_PEOPLE_API_HPP

#include <nlohmann/json.hpp>
#include <string>

#include "changes.hpp"
#include "people_file.hpp"
#include "player.hpp"
#include "roster.hpp"
#include "server.hpp"

namespace drgan::people {

/// What the page asks for.
///
/// GET /state?since=VERSION: all that the page shows, as JSON; 204 if it is still that version.
/// GET /face?track=ID, /frontal?track=ID: a picture, PNG.
/// POST, with a JSON object: /enroll {track, name}, /rename {name, to}, /merge {name, into}, /remove {name},
/// /forget {track}. 204: it was done; 400, 409: nothing was changed; 500: it was changed, but could not be saved. The
/// last three have a text for the user.
class Api {
public:
    Api(Player& player, PeopleFile& file);

    Reply answer(const Request& request);

    void take(const examples::Result& result);  ///< a message of the element
    void warn(const std::string& why);          ///< shown on the page until there is a newer one
    void end();                                 ///< the video has ended

private:
    nlohmann::json state();
    Reply picture(const Request& request) const;
    Reply change(const Request& request);

    Player& player_;
    PeopleFile& file_;
    Roster roster_;
    Changes changes_;
    std::string warning_;
    bool ended_ = false;
    std::string shown_;     // the newest state, as text
    unsigned version_ = 0;  // of shown_
};

}  // namespace drgan::people

#endif
