// SPDX-License-Identifier: Apache-2.0

#include "cfp.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace drgan::eval {

namespace fs = std::filesystem;

namespace {

constexpr long frontalEach = 10;  // pictures a person
constexpr long profileEach = 4;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
    throw std::runtime_error(where + ": " + what);
}

std::string twoDigits(long number, int digits = 2) {
    char text[32];
    std::snprintf(text, sizeof(text), "%0*ld", digits, number);
    return text;
}

void stripReturn(std::string& line) {
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
}

}  // namespace

Cfp::Cfp(const std::string& folder) : folder_(folder) {
    for (const char* part : {"Data/Images", "Protocol/Split"}) {
        if (!fs::is_directory(fs::path(folder) / part)) {
            fail(folder, std::string("not CFP's layout: there is no folder ") + part);
        }
    }
    frontal_ = readList("Pair_list_F.txt");
    profile_ = readList("Pair_list_P.txt");
}

std::vector<std::string> Cfp::readList(const std::string& name) const {
    const std::string path = folder_ + "/Protocol/" + name;
    std::ifstream stream(path);
    std::vector<std::string> pictures;
    std::string line;
    for (size_t number = 1; std::getline(stream, line); ++number) {
        stripReturn(line);
        if (line.empty()) {
            continue;
        }
        std::istringstream fields(line);
        size_t index = 0;
        std::string picture;
        if (!(fields >> index >> picture) || index != pictures.size() + 1) {
            fail(path + ":" + std::to_string(number),
                 "got '" + line + "', expected '" + std::to_string(pictures.size() + 1) + " PATH'");
        }
        // The list's paths are relative to Protocol/.
        pictures.push_back((fs::path(folder_) / "Protocol" / picture).lexically_normal().string());
    }
    return pictures;
}

std::string Cfp::picture(bool profile, long number, const std::string& where) const {
    const std::vector<std::string>& list = profile ? profile_ : frontal_;
    if (number < 1 || (!list.empty() && number > static_cast<long>(list.size()))) {
        fail(where, "there is no " + std::string(profile ? "profile" : "frontal") + " picture " +
                        std::to_string(number) + (list.empty() ? "" : " of " + std::to_string(list.size())));
    }
    if (!list.empty()) {
        return list[static_cast<size_t>(number) - 1];
    }
    const long each = profile ? profileEach : frontalEach;
    return folder_ + "/Data/Images/" + twoDigits((number - 1) / each + 1, 3) + (profile ? "/profile/" : "/frontal/") +
           twoDigits((number - 1) % each + 1) + ".jpg";
}

void Cfp::readPairs(const std::string& path, bool secondIsProfile, bool same, std::vector<Pair>& pairs) const {
    std::ifstream stream(path);
    if (!stream) {
        fail(path, "cannot read");
    }
    std::string line;
    for (size_t number = 1; std::getline(stream, line); ++number) {
        stripReturn(line);
        if (line.empty()) {
            continue;
        }
        const std::string where = path + ":" + std::to_string(number);
        std::istringstream fields(line);
        long a = 0;
        long b = 0;
        char comma = 0;
        std::string rest;
        if (!(fields >> a >> comma >> b) || comma != ',' || (fields >> rest)) {
            fail(where, "got '" + line + "', expected two numbers joined by a comma");
        }
        pairs.push_back({picture(false, a, where), picture(secondIsProfile, b, where), same});
    }
}

Fold Cfp::fold(const std::string& protocol, int number) const {
    if (protocol != "FF" && protocol != "FP") {
        throw std::runtime_error("the protocol is '" + protocol + "', expected FF or FP");
    }
    Fold fold;
    fold.number = number;
    const std::string base = folder_ + "/Protocol/Split/" + protocol + "/" + twoDigits(number);
    readPairs(base + "/same.txt", protocol == "FP", true, fold.pairs);
    readPairs(base + "/diff.txt", protocol == "FP", false, fold.pairs);
    if (fold.pairs.empty()) {
        fail(base, "holds no pairs");
    }
    for (const Pair& pair : fold.pairs) {
        for (const std::string& path : {pair.first, pair.second}) {
            if (!fs::exists(path)) {
                fail(path, "the picture is missing, fold " + std::to_string(number) + " of " + protocol + " needs it");
            }
        }
    }
    return fold;
}

std::vector<int> Cfp::availableFolds(const std::string& protocol) const {
    std::vector<int> available;
    const fs::path base = fs::path(folder_) / "Protocol/Split" / protocol;
    if (!fs::is_directory(base)) {
        return available;
    }
    for (const auto& entry : fs::directory_iterator(base)) {
        const std::string name = entry.path().filename().string();
        if (name.size() != 2 || name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        std::vector<Pair> pairs;
        readPairs((entry.path() / "same.txt").string(), protocol == "FP", true, pairs);
        readPairs((entry.path() / "diff.txt").string(), protocol == "FP", false, pairs);
        const bool whole = !pairs.empty() && std::all_of(pairs.begin(), pairs.end(), [](const Pair& pair) {
            return fs::exists(pair.first) && fs::exists(pair.second);
        });
        if (whole) {
            available.push_back(std::stoi(name));
        }
    }
    std::sort(available.begin(), available.end());
    return available;
}

Persons Cfp::persons(const std::vector<Fold>& folds) {
    std::map<std::string, std::map<bool, std::set<std::string>>> folders;  // person's folder -> profile? -> pictures
    for (const Fold& fold : folds) {
        for (const Pair& pair : fold.pairs) {
            for (const std::string& path : {pair.first, pair.second}) {
                const fs::path kind = fs::path(path).parent_path();
                folders[kind.parent_path().string()][kind.filename() == "profile"].insert(path);
            }
        }
    }
    Persons persons;
    for (auto& [folder, kinds] : folders) {
        persons.push_back({{kinds[false].begin(), kinds[false].end()},
                           {kinds[true].begin(), kinds[true].end()},
                           {},
                           fs::path(folder).filename().string()});
    }
    return persons;
}

}  // namespace drgan::eval
