// SPDX-License-Identifier: Apache-2.0
//
// Measures the speed and accuracy of index searches compared with exact search, in galleries of simulated people.
// scripts/bench-gallery runs it.
//
//     drgan-bench-gallery --people 1000000 --index ivf --index hnsw --effort 1 --effort 2
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <opencv2/drgan.hpp>
#include <string>

using cv::Mat;
using cv::drgan::Gallery;

namespace {

// The distribution of the unit embeddings of models/default (7ed378479f3fd663), measured on 9569 pictures (CFP, LFW,
// VGGFace, CelebA, PINS): the variance per principal axis of the differences between people, as the mean of 16 axes
// each. Between people: one picture of each of 6353 people, minus the variance within a person. Within a person: 886
// pictures, frontal views and profiles, of 50 people on whom the networks were not trained. The other 352 axes have no
// variance.
constexpr int axesPerBlock = 16;
constexpr double between[] = {0.012478, 0.008401, 0.005984, 0.004292, 0.003097,
                              0.002204, 0.001483, 0.000942, 0.000444, 0.000060};
constexpr double within[] = {0.004813, 0.004867, 0.004146, 0.003477, 0.003093,
                             0.002606, 0.002104, 0.001699, 0.001155, 0.000168};
constexpr int axes = axesPerBlock * 10;
constexpr int length = 512;
// Some pictures are much worse than others. With each picture's noise drawn like this, the cosines of two pictures of a
// person have the same distribution as those of the 50 people (mean 0.533, deviation 0.170).
constexpr double noiseScale = 1.03, noiseSpread = 0.5;

/// With neighbouring seeds, the sequences of cv::RNG start similarly; the finaliser of MurmurHash3 makes them differ.
uint64_t mixed(uint64_t x) {
    for (const uint64_t factor : {0xff51afd7ed558ccdULL, 0xc4ceb9fe1a85ec53ULL}) {
        x = (x ^ (x >> 33)) * factor;
    }
    return x ^ (x >> 33);
}

/// Simulated people and pictures of them. Person i is the same for the same seed.
class People {
public:
    People() : rotation_(length, length, CV_32F) {
        Mat random(length, length, CV_32F), w, vt;
        cv::RNG(1).fill(random, cv::RNG::NORMAL, 0, 1);
        cv::SVD::compute(random, w, rotation_, vt);
        rotation_ = rotation_.rowRange(0, axes).clone();
    }

    /// @param picture 0: the enrolled one
    Mat picture(int person, int picture) const {
        cv::RNG who(mixed(static_cast<uint64_t>(person)));
        cv::RNG noise(mixed((static_cast<uint64_t>(picture) + 1) << 40 | static_cast<uint64_t>(person)));
        const double amount = noiseScale * std::exp(noiseSpread * noise.gaussian(1));
        Mat row(1, axes, CV_32F);
        for (int i = 0; i < axes; ++i) {
            row.at<float>(i) = static_cast<float>(who.gaussian(std::sqrt(between[i / axesPerBlock])) +
                                                  amount * noise.gaussian(std::sqrt(within[i / axesPerBlock])));
        }
        return row;
    }

    /// Scales embeddings to unit length.
    Mat embeddings(const std::vector<int>& people, int which) const {
        Mat rows;
        for (const int person : people) rows.push_back(picture(person, which));
        Mat result = rows * rotation_;
        for (int i = 0; i < result.rows; ++i) cv::normalize(result.row(i), result.row(i));
        return result;
    }

private:
    Mat rotation_;
};

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// The GiB in a line of /proc/self/status
double memory(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) / (1 << 20);
    }
    return std::nan("");
}

void resetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

void printSpread(const char* name, std::vector<double> v) {
    std::sort(v.begin(), v.end());
    double sum = 0, squares = 0;
    for (const double x : v) {
        sum += x;
        squares += x * x;
    }
    const double n = static_cast<double>(v.size()), mean = sum / n;
    std::printf("%s: mean %.3f, deviation %.3f; 1 %% below %.3f, 5 %% %.3f, 50 %% %.3f, 95 %% %.3f, 99 %% %.3f\n", name,
                mean, std::sqrt(squares / n - mean * mean), v[v.size() / 100], v[v.size() / 20], v[v.size() / 2],
                v[v.size() * 19 / 20], v[v.size() * 99 / 100]);
}

struct Measured {
    double single = 0, batch = 0;  ///< ms per query
    std::vector<std::string> names;
};

constexpr int k = 10;

Measured measure(const Gallery& gallery, const Mat& queries, int singles) {
    Measured measured;
    std::vector<cv::String> names;
    Mat similarities;
    gallery.search(queries.row(0), k, names, similarities);  // the first search starts threads
    std::vector<double> times;
    for (int q = 0; q < std::min(singles, queries.rows); ++q) {
        const auto start = std::chrono::steady_clock::now();
        gallery.search(queries.row(q), k, names, similarities);
        times.push_back(1e3 * secondsSince(start));
    }
    measured.single = median(times);
    const auto start = std::chrono::steady_clock::now();
    gallery.search(queries, k, measured.names, similarities);
    measured.batch = 1e3 * secondsSince(start) / queries.rows;
    return measured;
}

void print(const char* index, double effort, double build, const Measured& m, const Measured& exact,
           const std::vector<int>& asked) {
    int first = 0, all = 0, right = 0;
    for (size_t q = 0; q < asked.size(); ++q) {
        const auto begin = exact.names.begin() + static_cast<std::ptrdiff_t>(k * q);
        first += m.names[k * q] == *begin ? 1 : 0;
        right += m.names[k * q] == std::to_string(asked[q]) ? 1 : 0;
        for (size_t i = 0; i < k; ++i) {
            all += std::find(begin, begin + k, m.names[k * q + i]) != begin + k ? 1 : 0;
        }
    }
    const double n = static_cast<double>(asked.size());
    std::printf("| %-5s | %6g | %7.1f | %5.2f | %5.2f | %7.2f | %7.2f | %6.4f | %6.4f | %6.4f |\n", index, effort,
                build, memory("VmRSS"), memory("VmHWM"), m.single, m.batch, first / n, all / (n * k), right / n);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App app("Searches galleries of simulated people, exactly and with indexes.");
    int people = 100000, queries = 1000;
    std::vector<std::string> indexes = {"ivf", "hnsw"};
    std::vector<double> efforts = {0.5, 1, 1.5, 2};
    app.add_option("--people", people, "how many")->check(CLI::Range(1000, 20000000))->capture_default_str();
    app.add_option("--queries", queries, "how many")->check(CLI::Range(10, 100000))->capture_default_str();
    app.add_option("--index", indexes, "ivf, hnsw")->check(CLI::IsMember({"ivf", "hnsw"}))->capture_default_str();
    app.add_option("--effort", efforts, "values for Gallery::setSearchEffort")->capture_default_str();
    std::string saved, bundleId = "simulated";
    app.add_option("--save", saved, "write the gallery to this file, and search nothing");
    app.add_option("--bundle-id", bundleId, "the bundle whose people they seem to be")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const People simulated;
    const auto gallery = Gallery::createEmpty(length, bundleId);
    std::vector<int> asked;
    for (int i = 0; i < queries; ++i) asked.push_back(static_cast<int>(static_cast<int64_t>(i) * people / queries));
    const Mat pictures = simulated.embeddings(asked, 1);
    {
        const Mat enrolled = simulated.embeddings(asked, 0);
        std::vector<double> same, different;
        for (int i = 0; i < queries; ++i) {
            same.push_back(pictures.row(i).dot(enrolled.row(i)));
            for (int j = 1; j < 10; ++j) different.push_back(pictures.row(i).dot(enrolled.row((i + j) % queries)));
        }
        printSpread("cosines of two pictures of a person", same);
        printSpread("cosines of two people              ", different);
    }
    constexpr int atOnce = 2000;
    for (int begin = 0; begin < people; begin += atOnce) {
        std::vector<int> some;
        for (int i = begin; i < std::min(people, begin + atOnce); ++i) some.push_back(i);
        const Mat rows = simulated.embeddings(some, 0);
        for (int i = 0; i < rows.rows; ++i) gallery->add(std::to_string(begin + i), rows.row(i), 1);
    }
    if (!saved.empty()) {
        gallery->save(saved);
        return 0;
    }
    std::printf("%d people of %d values, %d queries, k %d, %d threads\n", people, length, queries, k,
                cv::getNumThreads());
    std::printf("| index | effort | build s | GiB   | peak  | ms one  | ms each | rec. 1 | rec.10 | right  |\n");
    std::printf("|-------|--------|---------|-------|-------|---------|---------|--------|--------|--------|\n");
    resetPeak();
    const Measured exact = measure(*gallery, pictures, 20);
    print("exact", 0, 0, exact, exact, asked);
    if (!Gallery::hasIndexes()) {
        std::fprintf(stderr, "drgan-bench-gallery: this build has no Faiss: no index was measured\n");
        return 0;
    }
    for (const std::string& index : indexes) {
        gallery->buildIndex(Gallery::INDEX_EXACT);
        resetPeak();
        const auto start = std::chrono::steady_clock::now();
        gallery->buildIndex(index == "ivf" ? Gallery::INDEX_IVF : Gallery::INDEX_HNSW);
        const double build = secondsSince(start);
        for (const double effort : efforts) {
            gallery->setSearchEffort(effort);
            print(index.c_str(), effort, build, measure(*gallery, pictures, 300), exact, asked);
        }
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "drgan-bench-gallery: %s\n", error.what());
    return 1;
}
