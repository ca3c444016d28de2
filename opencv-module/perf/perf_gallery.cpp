// SPDX-License-Identifier: Apache-2.0
//
// Galleries of random people, as long as the default bundle's embeddings; they need no models.
#include "perf_precomp.hpp"

#include <cstdio>
#include <map>

#include "gallery_people.hpp"

namespace opencv_test {
namespace {

constexpr int length = 512;
constexpr unsigned seed = 7;

/// Made once for each size.
const cv::drgan::Gallery& galleryOf(int people) {
    static std::map<int, cv::Ptr<cv::drgan::Gallery>> made;
    cv::Ptr<cv::drgan::Gallery>& gallery = made[people];
    if (!gallery) gallery = drgan_test::galleryOf(drgan_test::randomRows(people, length, seed));
    return *gallery;
}

struct Search {
    int people, queries;
};

std::ostream& operator<<(std::ostream& out, const Search& search) {
    return out << search.people << " people, " << search.queries << (search.queries == 1 ? " query" : " queries");
}

typedef perf::TestBaseWithParam<Search> Gallery;

PERF_TEST_P(Gallery, search,
            testing::Values(Search{1000, 1}, Search{1000, 32}, Search{10000, 1}, Search{10000, 32}, Search{100000, 1},
                            Search{100000, 32})) {
    const cv::drgan::Gallery& gallery = galleryOf(GetParam().people);
    // Other pictures of the first people. The generator's stream is the same, however many rows it fills.
    cv::Mat queries = drgan_test::randomRows(GetParam().queries, length, seed);
    queries += drgan_test::randomRows(GetParam().queries, length, seed + 1);
    std::vector<cv::String> names;
    cv::Mat similarities;
    TEST_CYCLE() { gallery.search(queries, 5, names, similarities); }
    for (int i = 0; i < GetParam().queries; ++i) {
        CV_Assert(names[static_cast<size_t>(5 * i)] == drgan_test::personName(i));
    }
    SANITY_CHECK_NOTHING();
}

constexpr int storedPeople = 10000;

/// A file's name, and the file's end.
struct TemporaryFile {
    const std::string path = cv::tempfile(".gallery");
    ~TemporaryFile() { std::remove(path.c_str()); }
};

PERF_TEST(GalleryFile, save_10k) {
    const TemporaryFile file;
    const cv::drgan::Gallery& gallery = galleryOf(storedPeople);
    TEST_CYCLE() { gallery.save(file.path); }
    CV_Assert(drgan_test::sameContent(*cv::drgan::Gallery::load(file.path), gallery));
    SANITY_CHECK_NOTHING();
}

PERF_TEST(GalleryFile, load_10k) {
    const TemporaryFile file;
    galleryOf(storedPeople).save(file.path);
    cv::Ptr<cv::drgan::Gallery> loaded;
    TEST_CYCLE() { loaded = cv::drgan::Gallery::load(file.path); }
    CV_Assert(drgan_test::sameContent(*loaded, galleryOf(storedPeople)));
    SANITY_CHECK_NOTHING();
}

}  // namespace
}  // namespace opencv_test
