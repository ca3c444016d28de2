// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "contract.hpp"
#include "file_io.hpp"
#include "thresholds.hpp"

#ifndef DRGAN_DEFAULT_BUNDLE
#define DRGAN_DEFAULT_BUNDLE ""  // no fixed place, as in OpenCV's own tree
#endif

namespace cv {
namespace drgan {

namespace {

constexpr size_t maxManifestBytes = 1 << 20;
constexpr int maxNesting = 16;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
    CV_Error(Error::StsParseError, where + ": " + what);
}

/// Rejects text that cv::FileStorage does not handle well: it recurses without a limit, decodes base64 blocks, and
/// stops silently at a zero byte.
void checkText(const std::string& text, const std::string& where) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\0') {
            fail(where, "contains a zero byte, expected JSON");
        }
        if (c == '\\' && quoted) {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            if (++depth > maxNesting) {
                fail(where, format("is nested deeper than %d levels", maxNesting));
            }
        } else if (!quoted && (c == '}' || c == ']')) {
            if (--depth < 0) {
                fail(where, "closes a bracket that was not opened, expected JSON");
            }
        }
    }
    if (depth != 0 || quoted) {
        fail(where, "ends inside a bracket or a string, expected complete JSON");
    }
    if (text.find("$base64$") != std::string::npos) {
        fail(where, "contains base64 data, expected plain JSON");
    }
}

class Manifest {
public:
    explicit Manifest(const std::string& path) : where_(path) {
        const std::vector<uchar> bytes = readFile(path, maxManifestBytes);
        const std::string text(bytes.begin(), bytes.end());
        checkText(text, where_);
        try {
            const int mode = FileStorage::READ | FileStorage::MEMORY | FileStorage::FORMAT_JSON;
            if (!storage_.open(text, mode)) {
                fail(where_, "cannot be read as JSON");
            }
            root_ = storage_.root();
        } catch (const cv::Exception& error) {
            fail(where_, "cannot be read as JSON: " + error.err);
        }
        if (!root_.isMap()) {
            fail(where_, "is not a JSON object, expected one");
        }
    }

    const std::string& where() const { return where_; }
    FileNode root() const { return root_; }

    [[noreturn]] void wrong(const char* key, const FileNode& got, const char* expected) const {
        std::string value;
        if (got.empty()) {
            value = "missing";
        } else if (got.isString()) {
            value = "got \"" + static_cast<std::string>(got).substr(0, 80) + "\"";
        } else if (got.isInt() || got.isReal()) {
            value = format("got %g", static_cast<double>(got));
        } else {
            value = got.isSeq() ? "got a list" : "got an object";
        }
        fail(where_, format("key %s: %s, expected %s", key, value.c_str(), expected));
    }

    /// A member of an object; an empty node if there is none.
    static FileNode member(const FileNode& map, const char* key) { return map.isMap() ? map[key] : FileNode(); }

    std::string text(const FileNode& map, const char* key, const char* expected) const {
        const FileNode node = member(map, key);
        if (!node.isString() || static_cast<std::string>(node).empty()) {
            wrong(key, node, expected);
        }
        return static_cast<std::string>(node);
    }

    double number(const FileNode& node, const char* key, double low, double high, const char* expected) const {
        if (!node.isInt() && !node.isReal()) {
            wrong(key, node, expected);
        }
        const double value = static_cast<double>(node);
        if (!(value >= low && value <= high)) {
            wrong(key, node, expected);
        }
        return value;
    }

    std::vector<float> numbers(const FileNode& node, const char* key, double low, double high,
                               const char* expected) const {
        if (!node.isSeq()) {
            wrong(key, node, expected);
        }
        std::vector<float> result;
        for (const FileNode& item : node) {
            result.push_back(static_cast<float>(number(item, key, low, high, expected)));
        }
        return result;
    }

private:
    std::string where_;
    FileStorage storage_;
    FileNode root_;
};

/// Searches the list of files for `wanted`, and checks that the file exists and has the listed size.
/// @return its path; empty if the manifest does not list it
std::string listedFile(const Manifest& manifest, const std::string& folder, const char* wanted) {
    static const char* const expected = "a list of {\"name\", \"bytes\"}";
    const FileNode files = Manifest::member(manifest.root(), contract::manifestFiles);
    if (!files.isSeq()) {
        manifest.wrong(contract::manifestFiles, files, expected);
    }
    for (const FileNode& file : files) {
        if (!file.isMap()) {
            manifest.wrong(contract::manifestFiles, file, expected);
        }
        const std::string name = manifest.text(file, "name", "a file's name");
        if (name != wanted) {
            continue;
        }
        const double bytes = manifest.number(Manifest::member(file, "bytes"), "bytes", 1, 1e12, "a file's size");
        const std::string path = folder + "/" + name;
        const int64_t found = fileSize(path);
        if (found < 0) {
            fail(path, format("cannot be opened, expected the file that %s lists", manifest.where().c_str()));
        }
        if (static_cast<double>(found) != bytes) {
            fail(path, format("got %lld bytes, expected %.0f by %s", static_cast<long long>(found), bytes,
                              manifest.where().c_str()));
        }
        return path;
    }
    return std::string();
}

std::string neededFile(const Manifest& manifest, const std::string& folder, const char* wanted) {
    const std::string path = listedFile(manifest, folder, wanted);
    if (path.empty()) {
        fail(manifest.where(), format("key %s: does not list %s", contract::manifestFiles, wanted));
    }
    return path;
}

Thresholds readThresholds(const Manifest& manifest) {
    static const char* const expected = "a list of {\"false_match_rate\", \"cosine\"}";
    Thresholds thresholds;
    const FileNode list = Manifest::member(manifest.root(), contract::manifestThresholds);
    if (list.empty()) {
        return thresholds;
    }
    if (!list.isSeq() || list.size() == 0) {
        manifest.wrong(contract::manifestThresholds, list, expected);
    }
    for (const FileNode& entry : list) {
        if (!entry.isMap()) {
            manifest.wrong(contract::manifestThresholds, entry, expected);
        }
        thresholds.rates.push_back(manifest.number(Manifest::member(entry, contract::manifestFalseMatchRate),
                                                   contract::manifestFalseMatchRate, 0, 1, "a rate within (0, 1)"));
        thresholds.cosines.push_back(static_cast<float>(manifest.number(
            Manifest::member(entry, contract::manifestCosine), contract::manifestCosine, -1, 1, "a cosine in -1..1")));
    }
    const std::string fault = thresholdsFault(thresholds);
    if (!fault.empty()) {
        fail(manifest.where(), format("key %s: %s", contract::manifestThresholds, fault.c_str()));
    }
    return thresholds;
}

/// A bundle of another contract is as good as any, with another library: says so, and which both are.
void checkVersion(const Manifest& manifest) {
    const FileNode node = Manifest::member(manifest.root(), contract::manifestVersion);
    const std::string expected = std::to_string(contract::version);
    const double found = manifest.number(node, contract::manifestVersion, 0, 1e9, expected.c_str());
    if (found != contract::version) {
        fail(manifest.where(),
             format("key %s: got %g, expected %s: the bundle has version %g of the model contract, this library reads "
                    "version %s; use %s, or a bundle that was exported for this one",
                    contract::manifestVersion, found, expected.c_str(), found, expected.c_str(),
                    found > contract::version ? "a newer library" : "an older library"));
    }
}

std::string resolveFolder(const String& folder) {
    if (!folder.empty()) {
        return folder;
    }
    const char* const variable = std::getenv("DRGAN_BUNDLE");
    if (variable && *variable) {
        return variable;
    }
    const std::string fallback = DRGAN_DEFAULT_BUNDLE;
    if (fallback.empty()) {
        CV_Error(Error::StsBadArg, "folder: is empty, expected a bundle's folder (or DRGAN_BUNDLE in the environment)");
    }
    return fallback;
}

}  // namespace

Bundle Bundle::load(const String& folder) {
    Bundle bundle;
    bundle.folder = resolveFolder(folder);
    const std::string path = bundle.folder + "/" + contract::manifestFile;
    if (folder.empty() && fileSize(path) < 0) {
        fail(path,
             "cannot be opened, expected the default bundle (the environment variable DRGAN_BUNDLE can name another "
             "folder)");
    }
    const Manifest manifest(path);
    const FileNode root = manifest.root();

    checkVersion(manifest);
    bundle.id = manifest.text(root, contract::manifestBundleId, "the bundle's id");

    static const char* const yaws = "ascending degrees in -180..180";
    const FileNode poses = Manifest::member(root, contract::manifestPoseYaws);
    bundle.poseYaws = manifest.numbers(poses, contract::manifestPoseYaws, -180, 180, yaws);
    if (!validPoseYaws(bundle.poseYaws)) {
        manifest.wrong(contract::manifestPoseYaws, poses, yaws);
    }

    static const char* const eyes = "two numbers in 0..1";
    const FileNode alignment = Manifest::member(root, contract::manifestAlignment);
    if (!alignment.isMap()) {
        manifest.wrong(contract::manifestAlignment, alignment, "{\"eyes\": [x, y], \"eye_mouth\": d}");
    }
    const FileNode eyesNode = Manifest::member(alignment, "eyes");
    if (manifest.numbers(eyesNode, "alignment.eyes", 0, 1, eyes).size() != 2) {
        manifest.wrong("alignment.eyes", eyesNode, eyes);
    }
    manifest.number(Manifest::member(alignment, "eye_mouth"), "alignment.eye_mouth", 0.01, 1, "a number in 0.01..1");

    bundle.matchThreshold =
        static_cast<float>(manifest.number(Manifest::member(root, contract::manifestMatchThreshold),
                                           contract::manifestMatchThreshold, -1, 1, "a cosine in -1..1"));
    bundle.thresholds = readThresholds(manifest);
    bundle.encoder = neededFile(manifest, bundle.folder, contract::encoderFile);
    bundle.decoder = neededFile(manifest, bundle.folder, contract::decoderFile);
    bundle.aligner = listedFile(manifest, bundle.folder, contract::alignerFile);
    bundle.detector = listedFile(manifest, bundle.folder, contract::detectorFile);
    return bundle;
}

NamingRule Bundle::naming() const {
    NamingRule rule;
    rule.thresholds = thresholds;
    rule.matchThreshold = matchThreshold;
    return rule;
}

}  // namespace drgan
}  // namespace cv
