// SPDX-License-Identifier: Apache-2.0
#include "binding.hpp"

namespace drgan_python {

namespace {

using cv::drgan::Encoder;
using cv::drgan::Gallery;
using py::arg;
using Self = Guarded<Gallery>;

void defineChanges(GuardedClass<Gallery>& type) {
    type.def(
            "add",
            [](Self& self, const py::str& name, const py::object& embedding, float confidence) {
                const std::string text = name;
                const Input row(embedding, "embedding");
                self.callTogether([&](Gallery& gallery) { gallery.add(text, row.mat(), confidence); });
            },
            documented("Gallery::add", "add(name, embedding, confidence)").c_str(), arg("name"), arg("embedding"),
            arg("confidence"))
        .def(
            "addFused",
            [](Self& self, const py::str& name, const py::object& embedding, double totalConfidence, int images) {
                const std::string text = name;
                const Input row(embedding, "embedding");
                self.callTogether(
                    [&](Gallery& gallery) { gallery.addFused(text, row.mat(), totalConfidence, images); });
            },
            documented("Gallery::addFused", "addFused(name, embedding, totalConfidence, images)").c_str(), arg("name"),
            arg("embedding"), arg("totalConfidence"), arg("images"))
        .def(
            "addPicture",
            [](Self& self, const py::str& name, const py::object& embedding, double totalConfidence, int images,
               const py::str& picture) {
                const std::string text = name, label = picture;
                const Input row(embedding, "embedding");
                self.callTogether(
                    [&](Gallery& gallery) { gallery.addPicture(text, row.mat(), totalConfidence, images, label); });
            },
            documented("Gallery::addPicture", "addPicture(name, embedding, totalConfidence, images, picture)").c_str(),
            arg("name"), arg("embedding"), arg("totalConfidence"), arg("images"), arg("picture"))
        .def(
            "removePicture",
            [](Self& self, const py::str& name, const py::str& picture) {
                const std::string text = name, label = picture;
                return self.callTogether([&](Gallery& gallery) { return gallery.removePicture(text, label); });
            },
            documented("Gallery::removePicture", "removePicture(name, picture) -> bool").c_str(), arg("name"),
            arg("picture"))
        .def(
            "rename",
            [](Self& self, const py::str& name, const py::str& to) {
                const std::string text = name, other = to;
                self.callTogether([&](Gallery& gallery) { gallery.rename(text, other); });
            },
            documented("Gallery::rename", "rename(name, to)").c_str(), arg("name"), arg("to"))
        .def(
            "remove",
            [](Self& self, const py::str& name) {
                const std::string text = name;
                return self.callTogether([&](Gallery& gallery) { return gallery.remove(text); });
            },
            documented("Gallery::remove", "remove(name) -> bool").c_str(), arg("name"));
}

void defineQuestions(GuardedClass<Gallery>& type) {
    type.def(
            "contains",
            [](Self& self, const py::str& name) {
                const std::string text = name;
                return self.callTogether([&](const Gallery& gallery) { return gallery.contains(text); });
            },
            documented("Gallery::contains", "contains(name) -> bool").c_str(), arg("name"))
        .def(
            "names",
            [](Self& self) {
                return toTuple(self.callTogether([](const Gallery& gallery) { return gallery.names(); }));
            },
            documented("Gallery::names", "names() -> tuple").c_str())
        .def(
            "size", [](Self& self) { return self.callTogether([](const Gallery& gallery) { return gallery.size(); }); },
            documented("Gallery::size", "size() -> int").c_str())
        .def(
            "person",
            [](Self& self, const py::str& name, const py::object& embedding) {
                const std::string text = name;
                Output out(embedding, "embedding");
                double totalConfidence = 0;
                int images = 0;
                self.callTogether(
                    [&](const Gallery& gallery) { gallery.person(text, out.mat(), totalConfidence, images); });
                return py::make_tuple(out.value(), totalConfidence, images);
            },
            documented("Gallery::person", "person(name[, embedding]) -> embedding, totalConfidence, images").c_str(),
            arg("name"), arg("embedding") = py::none())
        .def(
            "pictures",
            [](Self& self, const py::str& name) {
                const std::string text = name;
                return toTuple(self.callTogether([&](const Gallery& gallery) { return gallery.pictures(text); }));
            },
            documented("Gallery::pictures", "pictures(name) -> tuple").c_str(), arg("name"))
        .def(
            "picture",
            [](Self& self, const py::str& name, const py::str& picture, const py::object& embedding) {
                const std::string text = name, label = picture;
                Output out(embedding, "embedding");
                double totalConfidence = 0;
                int images = 0;
                self.callTogether(
                    [&](const Gallery& gallery) { gallery.picture(text, label, out.mat(), totalConfidence, images); });
                return py::make_tuple(out.value(), totalConfidence, images);
            },
            documented("Gallery::picture", "picture(name, picture[, embedding]) -> embedding, totalConfidence, images")
                .c_str(),
            arg("name"), arg("picture"), arg("embedding") = py::none())
        .def(
            "search",
            [](Self& self, const py::object& embeddings, int k, const py::object& similarities) {
                const Input queries(embeddings, "embeddings");
                Output out(similarities, "similarities");
                std::vector<cv::String> names;
                self.callTogether([&](const Gallery& gallery) { gallery.search(queries.mat(), k, names, out.mat()); });
                return py::make_tuple(toTuple(names), out.value());
            },
            documented("Gallery::search", "search(embeddings, k[, similarities]) -> names, similarities").c_str(),
            arg("embeddings"), arg("k"), arg("similarities") = py::none())
        .def(
            "identify",
            [](Self& self, const py::object& embedding, const cv::drgan::NamingRule& rule, int images) {
                const Input query(embedding, "embedding");
                return self.callTogether(
                    [&](const Gallery& gallery) { return gallery.identify(query.mat(), rule, images); });
            },
            documented("Gallery::identify", "identify(embedding, rule[, images]) -> Identification").c_str(),
            arg("embedding"), arg("rule"), arg("images") = 1)
        .def(
            "namingThreshold",
            [](Self& self, const cv::drgan::NamingRule& rule, int images, int personImages) {
                return self.callTogether(
                    [&](const Gallery& gallery) { return gallery.namingThreshold(rule, images, personImages); });
            },
            documented("Gallery::namingThreshold", "namingThreshold(rule[, images[, personImages]]) -> float").c_str(),
            arg("rule"), arg("images") = 1, arg("personImages") = 1)
        .def(
            "setThresholds",
            [](Self& self, const cv::drgan::Thresholds& thresholds) {
                self.callTogether([&](Gallery& gallery) { gallery.setThresholds(thresholds); });
            },
            documented("Gallery::setThresholds", "setThresholds(thresholds)").c_str(), arg("thresholds"))
        .def(
            "thresholds",
            [](Self& self) { return self.callTogether([](const Gallery& gallery) { return gallery.thresholds(); }); },
            documented("Gallery::thresholds", "thresholds() -> Thresholds").c_str())
        .def(
            "embeddingSize", [](Self& self) { return self.object->embeddingSize(); },
            documented("Gallery::embeddingSize", "embeddingSize() -> int").c_str())
        .def(
            "bundleId", [](Self& self) { return self.object->bundleId(); },
            documented("Gallery::bundleId", "bundleId() -> str").c_str());
}

void defineIndex(py::module_& module, GuardedClass<Gallery>& type) {
    type.def(
            "buildIndex",
            [](Self& self, int kind) { self.callTogether([&](Gallery& gallery) { gallery.buildIndex(kind); }); },
            documented("Gallery::buildIndex", "buildIndex(type)").c_str(), arg("type"))
        .def(
            "indexType",
            [](Self& self) { return self.callTogether([](const Gallery& gallery) { return gallery.indexType(); }); },
            documented("Gallery::indexType", "indexType() -> int").c_str())
        .def(
            "outsideIndex",
            [](Self& self) { return self.callTogether([](const Gallery& gallery) { return gallery.outsideIndex(); }); },
            documented("Gallery::outsideIndex", "outsideIndex() -> int").c_str())
        .def(
            "setSearchEffort",
            [](Self& self, double effort) {
                self.callTogether([&](Gallery& gallery) { gallery.setSearchEffort(effort); });
            },
            documented("Gallery::setSearchEffort", "setSearchEffort(effort)").c_str(), arg("effort"))
        .def(
            "searchEffort",
            [](Self& self) { return self.callTogether([](const Gallery& gallery) { return gallery.searchEffort(); }); },
            documented("Gallery::searchEffort", "searchEffort() -> float").c_str());
    defineStatic(
        module, type, "hasIndexes", [] { return Gallery::hasIndexes(); },
        documented("Gallery::hasIndexes", "hasIndexes() -> bool"));
    const std::pair<const char*, int> constants[] = {
        {"INDEX_EXACT", Gallery::INDEX_EXACT}, {"INDEX_IVF", Gallery::INDEX_IVF}, {"INDEX_HNSW", Gallery::INDEX_HNSW}};
    for (const auto& [name, value] : constants) {
        type.attr(name) = value;
        module.attr((std::string("Gallery_") + name).c_str()) = value;
        module.attr((std::string("GALLERY_") + name).c_str()) = value;
    }
}

}  // namespace

void defineGallery(py::module_& module) {
    GuardedClass<Gallery> type(module, "Gallery", documented("Gallery").c_str());
    defineChanges(type);
    defineQuestions(type);
    defineIndex(module, type);
    type.def(
        "save",
        [](Self& self, const std::string& path) {
            self.callTogether([&](const Gallery& gallery) { gallery.save(path); });
        },
        documented("Gallery::save", "save(path)").c_str(), arg("path"));
    defineStatic(
        module, type, "create",
        [](const Shared<Encoder>& encoder) {
            return guarded<Gallery>([&] { return Gallery::create(pointer(encoder)); });
        },
        documented("Gallery::create", "create(encoder) -> Gallery"), arg("encoder"));
    defineStatic(
        module, type, "createEmpty",
        [](int embeddingSize, const std::string& bundleId) {
            return guarded<Gallery>([&] { return Gallery::createEmpty(embeddingSize, bundleId); });
        },
        documented("Gallery::createEmpty", "createEmpty(embeddingSize, bundleId) -> Gallery"), arg("embeddingSize"),
        arg("bundleId"));
    defineStatic(
        module, type, "load",
        [](const std::string& path, const Shared<Encoder>& encoder) {
            return guarded<Gallery>([&] { return Gallery::load(path, pointer(encoder)); });
        },
        documented("Gallery::load", "load(path[, encoder]) -> Gallery"), arg("path"), arg("encoder") = py::none());
}

}  // namespace drgan_python
