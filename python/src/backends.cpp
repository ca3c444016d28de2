// SPDX-License-Identifier: Apache-2.0
#include "binding.hpp"

namespace drgan_python {

void defineBackends(py::module_& module) {
    module.def(
        "availableBackends",
        [] {
            std::vector<cv::String> names;
            {
                const py::gil_scoped_release released;  // the first call searches for devices
                names = cv::drgan::availableBackends();
            }
            return toTuple(names);
        },
        documented("availableBackends", "availableBackends() -> tuple").c_str());
    module.def(
        "findBackend",
        [](const std::string& name) {
            int backendId = 0, targetId = 0;
            {
                const py::gil_scoped_release released;
                cv::drgan::findBackend(name, backendId, targetId);
            }
            return py::make_tuple(backendId, targetId);
        },
        documented("findBackend", "findBackend(name) -> backendId, targetId").c_str(), py::arg("name"));
}

}  // namespace drgan_python
