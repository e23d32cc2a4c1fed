//! The layers and their canonical fields, written once: readers map columns onto them, the city file, the exports, the
//! API's tables and the tiles take their columns from them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of thing that files hold, in drawing order from the largest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are the layers that design.md section 3 lists")]
pub enum Layer {
    Districts,
    Subdistricts,
    Communities,
    Grids,
    Zones,
    Compounds,
    Institutions,
    Buildings,
    Streets,
    Water,
    Green,
    Barriers,
    Cameras,
    Checkpoints,
    Services,
}

/// Which geometries a layer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeometryKind {
    /// A point.
    Point,
    /// A polyline.
    Line,
    /// Polygons.
    Area,
    /// A point or polygons.
    PointOrArea,
    /// A polyline or polygons.
    LineOrArea,
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Free text.
    Text,
    /// A code: text whose digits must survive; numbers that may have lost some are refused.
    Code,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// Yes or no.
    Bool,
    /// A day, `2026-11-22`.
    Date,
}

/// One canonical field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its canonical name.
    pub name: &'static str,
    /// Type of its values.
    pub kind: FieldKind,
    /// Other names under which files carry it, lower case; read without a `--map`.
    pub aliases: &'static [&'static str],
}

impl Field {
    /// Whether files use this word for it; the word without blanks, Latin letters lower case.
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }
}

const fn field(name: &'static str, kind: FieldKind, aliases: &'static [&'static str]) -> Field {
    Field { name, kind, aliases }
}

use FieldKind::{Bool, Code, Date, Integer, Real, Text};

const NAME: Field = field("name", Text, &["名称", "name:zh", "名字"]);
const KIND: Field = field("kind", Text, &["type", "类型", "种类"]);
const HOURS: Field = field("hours", Text, &["opening_hours", "开放时间"]);
const HOUSEHOLDS: Field = field(
    "households",
    Integer,
    &[
        "户数",
        "总户数",
        "常住户数",
        "居民户数",
        "住户数",
        "实有户数",
        "入住户数",
        "居民户数/常住",
        "居民户数/合计",
        "户数/常住",
        "户数/合计",
        "户籍户数",
        "房屋总数",
        "房屋套数",
        "总套数",
    ],
);
const BASIS: Field = field("basis", Text, &["口径", "统计口径"]);
const PROVENANCE: Field = field("provenance", Text, &[]);
const AS_OF: Field = field("as_of", Date, &["统计日期", "截至日期", "统计时间", "截至时间", "数据日期"]);

const fn level(
    code: &'static [&'static str],
    name: &'static [&'static str],
    parent: &'static [&'static str],
) -> [Field; 3] {
    [field("code", Code, code), field("name", Text, name), field("parent", Code, parent)]
}

static DISTRICTS: [Field; 3] =
    level(&["adcode", "区划代码", "编码", "代码"], &["名称", "区县", "区"], &["上级", "上级编码"]);
static SUBDISTRICTS: [Field; 3] = level(
    &["街道编码", "街道代码", "编码", "代码"],
    &["街道", "街道名称", "名称"],
    &["上级", "上级编码", "区县编码", "区县代码"],
);
static COMMUNITIES: [Field; 3] = level(
    &["社区编码", "社区代码", "编码", "代码"],
    &["社区", "社区名称", "名称"],
    // Files of communities carry the subdistrict's code under the name it has in files of subdistricts.
    &["上级", "上级编码", "街道编码", "街道代码", "所属街道"],
);
static GRIDS: [Field; 5] = [
    field("code", Code, &["网格编号", "网格编码", "网格代码", "编码", "编号"]),
    field("name", Text, &["网格名称", "名称", "所属组织"]),
    field("class", Text, &["网格类型", "类型"]),
    field("community", Code, &["社区编码", "社区代码", "所属社区编码", "所属社区"]),
    field("external_code", Code, &["外部编码"]),
];
static ZONES: [Field; 5] = [
    KIND,
    NAME,
    field("from", Date, &["开始日期"]),
    field("to", Date, &["结束日期"]),
    field("target", Real, &["目标"]),
];
static COMPOUNDS: [Field; 9] = [
    field("name", Text, &["plot_name", "小区名称", "小区名", "小区", "院落名称", "楼盘名称", "名称"]),
    HOUSEHOLDS,
    BASIS,
    PROVENANCE,
    AS_OF,
    field("buildings", Integer, &["楼栋总数", "楼栋数", "楼栋", "楼幢数", "栋数", "幢数", "总栋数"]),
    field("class", Text, &["类型"]),
    field("aliases", Text, &["别名", "曾用名", "俗称", "alt_name", "old_name"]),
    field(
        "manager",
        Text,
        &["物业公司", "物业服务企业", "物业服务公司", "物业公司名称", "物业企业", "物业管理单位", "物业"],
    ),
];
static INSTITUTIONS: [Field; 2] = [NAME, KIND];
static BUILDINGS: [Field; 14] = [
    field("code", Code, &["楼栋编码", "楼栋编号", "编码", "编号"]),
    field("name", Text, &["名称", "楼栋名称", "楼栋", "楼栋号", "楼号", "幢号", "栋号", "楼幢号", "name:zh", "名字"]),
    field(
        "address",
        Text,
        &["地址", "房屋地址", "详细地址", "标准地址", "楼栋地址", "坐落", "门牌号", "门牌", "addr:full"],
    ),
    field("floors", Integer, &["floor", "层数", "总层数", "楼层数", "总楼层", "地上层数", "楼层", "building:levels"]),
    field("height", Real, &["高度"]),
    field("kind", Text, &["用途", "类型", "type"]),
    field("compound", Text, &["小区", "所属小区", "小区名称", "小区名", "所属院落", "院落名称"]),
    HOUSEHOLDS,
    BASIS,
    PROVENANCE,
    AS_OF,
    field("rental_class", Text, &["出租屋分类"]),
    field("stars", Integer, &["星级"]),
    field("units", Text, &["单元"]),
];
static STREETS: [Field; 7] = [
    field("class", Text, &["highway", "道路等级"]),
    field("name", Text, &["rname", "道路名称", "名称"]),
    field("access", Text, &[]),
    field("foot", Text, &[]),
    field("bicycle", Text, &[]),
    field("oneway", Text, &[]),
    field("level", Integer, &["layer"]),
];
static LAND: [Field; 2] = [KIND, NAME];
static BARRIERS: [Field; 1] = [KIND];
static CAMERAS: [Field; 10] = [
    field(
        "code",
        Code,
        &[
            "id",
            "设备编号",
            "设备编码",
            "摄像机编号",
            "监控编号",
            "点位编号",
            "国标编码",
            "国标编号",
            "编码",
            "编号",
            "代码",
        ],
    ),
    field("kind", Text, &["type", "类型", "设备类型", "摄像机类型", "摄像头类型", "camera_type", "camera:type"]),
    field("direction", Text, &["camera:direction", "方向", "朝向", "监控方位", "方位角"]),
    field("angle", Real, &["angle_of_view", "camera:angle", "视角", "视场角"]),
    field("height", Real, &["高度", "安装高度", "架设高度"]),
    field("range", Real, &["radius", "距离", "监控距离", "可视距离"]),
    field("owner", Text, &["operator", "权属单位", "产权单位", "所属单位", "建设单位"]),
    field("installed", Date, &["安装日期", "安装时间", "建设时间", "start_date"]),
    field("online", Bool, &["在线", "在线状态", "是否在线"]),
    field("healthy", Bool, &["完好", "完好状态", "是否完好"]),
];
static CHECKPOINTS: [Field; 5] = [
    field("name", Text, &["名称", "点位名称", "巡查点", "巡查点名称", "name:zh", "名字"]),
    KIND,
    field("interval", Real, &["间隔"]),
    field("dwell", Real, &["停留"]),
    HOURS,
];
static SERVICES: [Field; 3] = [NAME, KIND, HOURS];

/// The fields of a table that tells how many households live where: of the first three, one at least.
pub static HOUSEHOLD_TABLE: [Field; 7] = [
    field(
        "building",
        Code,
        &[
            "楼栋编码",
            "楼栋编号",
            "楼栋",
            "楼栋号",
            "楼栋名称",
            "楼号",
            "幢号",
            "栋号",
            "楼幢号",
            "编码",
            "编号",
            "code",
        ],
    ),
    field(
        "compound",
        Text,
        &["小区名称", "小区名", "小区", "所属小区", "院落名称", "院落", "plot_name", "name", "名称"],
    ),
    field(
        "address",
        Text,
        &["地址", "房屋地址", "详细地址", "标准地址", "楼栋地址", "小区地址", "坐落", "门牌号", "门牌", "addr:full"],
    ),
    field("unit", Text, &["单元", "单元号"]),
    HOUSEHOLDS,
    BASIS,
    AS_OF,
];

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 15] = [
        Self::Districts,
        Self::Subdistricts,
        Self::Communities,
        Self::Grids,
        Self::Zones,
        Self::Compounds,
        Self::Institutions,
        Self::Buildings,
        Self::Streets,
        Self::Water,
        Self::Green,
        Self::Barriers,
        Self::Cameras,
        Self::Checkpoints,
        Self::Services,
    ];

    /// The word that the command line, the API, the tiles and the city file's table use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Districts => "districts",
            Self::Subdistricts => "subdistricts",
            Self::Communities => "communities",
            Self::Grids => "grids",
            Self::Zones => "zones",
            Self::Compounds => "compounds",
            Self::Institutions => "institutions",
            Self::Buildings => "buildings",
            Self::Streets => "streets",
            Self::Water => "water",
            Self::Green => "green",
            Self::Barriers => "barriers",
            Self::Cameras => "cameras",
            Self::Checkpoints => "checkpoints",
            Self::Services => "services",
        }
    }

    /// One thing of this layer, for messages.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Communities => "community",
            Self::Water | Self::Green => self.word(),
            Self::Streets => "street",
            _ => self.word().trim_end_matches('s'),
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.word() == word)
    }

    /// Its canonical fields, in column order.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Districts => &DISTRICTS,
            Self::Subdistricts => &SUBDISTRICTS,
            Self::Communities => &COMMUNITIES,
            Self::Grids => &GRIDS,
            Self::Zones => &ZONES,
            Self::Compounds => &COMPOUNDS,
            Self::Institutions => &INSTITUTIONS,
            Self::Buildings => &BUILDINGS,
            Self::Streets => &STREETS,
            Self::Water | Self::Green => &LAND,
            Self::Barriers => &BARRIERS,
            Self::Cameras => &CAMERAS,
            Self::Checkpoints => &CHECKPOINTS,
            Self::Services => &SERVICES,
        }
    }

    /// Which geometries it takes.
    pub fn geometry(self) -> GeometryKind {
        match self {
            Self::Districts | Self::Subdistricts | Self::Communities | Self::Grids | Self::Zones => GeometryKind::Area,
            Self::Buildings | Self::Green => GeometryKind::Area,
            Self::Compounds | Self::Institutions => GeometryKind::PointOrArea,
            Self::Water => GeometryKind::LineOrArea,
            Self::Streets | Self::Barriers => GeometryKind::Line,
            Self::Cameras | Self::Checkpoints | Self::Services => GeometryKind::Point,
        }
    }

    /// Whether its polygons mean to tile the plane: neighbours share borders, overlaps are faults.
    pub fn tiles_the_plane(self) -> bool {
        matches!(self, Self::Districts | Self::Subdistricts | Self::Communities | Self::Grids)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
