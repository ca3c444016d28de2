// SPDX-License-Identifier: Apache-2.0
#include "export/onnx_writer.hpp"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <stdexcept>

#include "export/fill_narrow.hpp"
#include "export/onnx_forms.hpp"

namespace drgan::exporting {

namespace {

class Writer {
public:
    explicit Writer(const nn::GraphImpl& source) : source_(source), nodes_(withNarrowMapsFilled(source)) {}

    void write(onnx::GraphProto& out) {
        out_ = &out;
        for (const auto& [name, shape] : source_.inputs()) {
            describe(*out.add_input(), name, shape);
        }
        for (const auto& [name, edge] : source_.outputs()) {
            names_[edge] = name;
        }
        for (size_t i = 0; i < nodes_.size(); ++i) {
            const bool normalised = (nodes_[i].op == "Conv" || nodes_[i].op == "ConvTranspose") &&
                                    feedsNextAlone(source_, nodes_, i, {"BatchNormalization"});
            const nn::Node* norm = normalised ? &nodes_[i + 1] : nullptr;
            // Numbered by their place in the file, so that one that was read is written as it was.
            names_.insert({(norm ? norm : &nodes_[i])->output, "e" + std::to_string(out.node_size())});
            writeNode(nodes_[i], norm);
            i += normalised ? 1 : 0;
        }
    }

    static void describe(onnx::ValueInfoProto& info, const std::string& name, const std::vector<int64_t>& shape) {
        info.set_name(name);
        auto* type = info.mutable_type()->mutable_tensor_type();
        type->set_elem_type(onnx::TensorProto::FLOAT);
        type->mutable_shape()->add_dim();  // the batch, without a name: onnx_forms.hpp says why
        for (size_t i = 0; i < shape.size(); ++i) {
            auto* dim = type->mutable_shape()->add_dim();
            if (shape[i] < 0) {
                dim->set_dim_param(name + "." + std::to_string(i + 1));
            } else {
                dim->set_dim_value(shape[i]);
            }
        }
    }

private:
    std::string name(const std::string& edge) const {
        const auto it = names_.find(edge);
        return it == names_.end() ? edge : it->second;
    }

    std::string initializer(const std::string& label, const torch::Tensor& value) {
        const torch::Tensor t = value.detach().to(torch::kCPU, torch::kFloat32).contiguous();
        if (!torch::isfinite(t).all().item<bool>()) {
            throw std::runtime_error("weights '" + label + "' are not finite: the training run has diverged");
        }
        auto* proto = out_->add_initializer();
        proto->set_name(label);
        proto->set_data_type(onnx::TensorProto::FLOAT);
        for (int64_t d : t.sizes()) {
            proto->add_dims(d);
        }
        proto->set_raw_data(t.data_ptr<float>(), t.numel() * sizeof(float));
        return label;
    }

    std::string initializer(const std::string& label, const std::vector<int64_t>& value) {
        auto* proto = out_->add_initializer();
        proto->set_name(label);
        proto->set_data_type(onnx::TensorProto::INT64);
        proto->add_dims(static_cast<int64_t>(value.size()));
        proto->set_raw_data(value.data(), value.size() * sizeof(int64_t));
        return label;
    }

    static void set(onnx::NodeProto& node, const char* key, int64_t value) {
        auto* a = node.add_attribute();
        a->set_name(key);
        a->set_type(onnx::AttributeProto::INT);
        a->set_i(value);
    }
    static void set(onnx::NodeProto& node, const char* key, double value) {
        auto* a = node.add_attribute();
        a->set_name(key);
        a->set_type(onnx::AttributeProto::FLOAT);
        a->set_f(static_cast<float>(value));
    }
    static void set(onnx::NodeProto& node, const char* key, const std::vector<int64_t>& value) {
        auto* a = node.add_attribute();
        a->set_name(key);
        a->set_type(onnx::AttributeProto::INTS);
        for (int64_t v : value) {
            a->add_ints(v);
        }
    }
    /// ONNX wants the padding at the start and at the end of each axis.
    static void setWindow(onnx::NodeProto& node, const nn::Node& from) {
        set(node, "kernel_shape", from.integers("kernel"));
        set(node, "strides", from.integers("stride"));
        const auto p = from.integers("padding");
        set(node, "pads", {p[0], p[1], p[0], p[1]});
    }

    onnx::NodeProto& add(const nn::Node& from, const std::string& output) {
        auto* node = out_->add_node();
        node->set_op_type(from.op);
        node->set_name(output);
        for (const auto& input : from.inputs) {
            node->add_input(name(input));
        }
        node->add_output(output);
        return *node;
    }

    void writeNode(const nn::Node& n, const nn::Node* norm) {
        const std::string out = name(norm ? norm->output : n.output);
        onnx::NodeProto& node = add(n, out);
        if (n.op == "Conv") {
            writeConv(*n.module->as<torch::nn::Conv2d>(), n, norm, node, out);
        } else if (n.op == "ConvTranspose") {
            writeConv(*n.module->as<torch::nn::ConvTranspose2d>(), n, norm, node, out);
            set(node, "output_padding", n.integers("output_padding"));
        } else if (n.op == "BatchNormalization") {
            const auto* m = n.module->as<torch::nn::BatchNorm2d>();
            node.add_input(initializer(out + ".scale", m->weight));
            node.add_input(initializer(out + ".bias", m->bias));
            node.add_input(initializer(out + ".mean", m->running_mean));
            node.add_input(initializer(out + ".var", m->running_var));
            set(node, "epsilon", n.number("epsilon"));
        } else if (n.op == "Gemm") {
            const auto* m = n.module->as<torch::nn::Linear>();
            node.add_input(initializer(out + ".weight", m->weight));
            node.add_input(initializer(out + ".bias", m->bias));
            set(node, "transB", int64_t{1});
        } else if (n.op == "PRelu") {
            const torch::Tensor slope = n.module->as<torch::nn::PReLU>()->weight;
            node.add_input(initializer(out + ".slope", slope.reshape({slope.numel(), 1, 1})));
        } else if (n.op == "Softmax") {
            set(node, "axis", int64_t{-1});
        } else if (n.op == "Clip") {
            set(node, "min", n.number("min"));
            set(node, "max", n.number("max"));
        } else if (n.op == "Flatten") {
            set(node, "axis", int64_t{1});
        } else if (n.op == "Concat") {
            set(node, "axis", int64_t{1});
        } else if (n.op == "Reshape") {
            std::vector<int64_t> shape = n.integers("shape");
            shape.insert(shape.begin(), -1);
            node.add_input(initializer(out + ".shape", shape));
        } else if (n.op == "Resize") {
            node.add_input(initializer(out + ".scales", torch::tensor({1.F, 1.F, 2.F, 2.F})));
            auto* mode = node.add_attribute();
            mode->set_name("mode");
            mode->set_type(onnx::AttributeProto::STRING);
            mode->set_s("nearest");
        } else if (n.op == "MaxPool" || n.op == "AveragePool") {
            setWindow(node, n);
        } else if (n.op == "Pad") {
            set(node, "pads", {0, 0, 0, 0, 0, 0, 0, n.integer("columns")});
        } else if (n.op == "Slice") {
            node.add_input(initializer(out + ".start", std::vector<int64_t>{0}));
            node.add_input(initializer(out + ".end", std::vector<int64_t>{n.integer("columns")}));
            node.add_input(initializer(out + ".axis", std::vector<int64_t>{3}));
        }
    }

    template <typename Conv>
    void writeConv(const Conv& m, const nn::Node& n, const nn::Node* norm, onnx::NodeProto& node,
                   const std::string& out) {
        torch::Tensor weight = m.weight.detach();
        torch::Tensor bias = m.bias.defined() ? m.bias.detach() : torch::Tensor();
        if (norm) {
            const auto* b = norm->module->template as<torch::nn::BatchNorm2d>();
            const torch::Tensor gain = b->weight.detach() / torch::sqrt(b->running_var + norm->number("epsilon"));
            // The output channels are axis 0 of a convolution and axis 1 of a transposed one.
            weight = weight * (n.op == "Conv" ? gain.view({-1, 1, 1, 1}) : gain.view({1, -1, 1, 1}));
            bias = b->bias.detach() + gain * ((bias.defined() ? bias : torch::zeros_like(gain)) - b->running_mean);
        }
        node.add_input(initializer(out + ".weight", weight));
        if (bias.defined()) {
            node.add_input(initializer(out + ".bias", bias));
        }
        setWindow(node, n);
        set(node, "group", n.integer("groups"));
    }

    const nn::GraphImpl& source_;
    const std::vector<nn::Node> nodes_;
    onnx::GraphProto* out_ = nullptr;
    std::map<std::string, std::string> names_;  // edges -> what the file calls them
};

constexpr int64_t freeSide = 64;  // pixels, to run a network of free sides on

/// Shapes of the outputs without the batch axis, found by running the network on zeros: -1 for the sides of a map where
/// those of an input are free.
std::map<std::string, std::vector<int64_t>> outputShapes(const nn::Graph& graph) {
    torch::NoGradGuard noGrad;
    nn::Graph live = graph;
    const bool training = live->is_training();
    live->eval();
    nn::Edges zeros;
    bool free = false;
    for (const auto& [name, shape] : live->inputs()) {
        std::vector<int64_t> full{1};
        for (int64_t side : shape) {
            full.push_back(side < 0 ? freeSide : side);
            free = free || side < 0;
        }
        const auto parameters = live->parameters();
        zeros[name] = torch::zeros(full, parameters.empty() ? torch::kCPU : parameters.front().device());
    }
    std::map<std::string, std::vector<int64_t>> result;
    for (const auto& [name, tensor] : live->forward(zeros)) {
        std::vector<int64_t>& shape = result[name] = tensor.sizes().slice(1).vec();
        if (free && shape.size() == 3) {
            shape[1] = shape[2] = -1;
        }
    }
    live->train(training);
    return result;
}

}  // namespace

std::string toOnnx(const nn::Graph& graph, const std::string& name,
                   const std::map<std::string, std::string>& metadata) {
    onnx::ModelProto model;
    model.set_ir_version(irVersion);
    model.set_producer_name("drgan-export");
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name(name);
    Writer(*graph).write(*model.mutable_graph());
    for (const auto& [output, shape] : outputShapes(graph)) {
        Writer::describe(*model.mutable_graph()->add_output(), output, shape);
    }
    for (const auto& [key, value] : metadata) {
        auto* item = model.add_metadata_props();
        item->set_key(key);
        item->set_value(value);
    }
    onnx::checker::check_model(model);
    checkForms(model);
    return model.SerializeAsString();
}

}  // namespace drgan::exporting
