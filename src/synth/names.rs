//! Names that sound right and belong to no real place: tables of stems, combined by dice, each used once.

use super::dice::Dice;
use std::collections::BTreeSet;

const STREET_STEMS: &[&str] = &[
    "杏林",
    "桂香",
    "织女",
    "锦梭",
    "云机",
    "经纬",
    "青衿",
    "鹭洲",
    "望蜀",
    "听泉",
    "芙蕖",
    "竹影",
    "松涛",
    "梅溪",
    "兰台",
    "百工",
    "丝雨",
    "绫罗",
    "缂丝",
    "蚕市",
    "桑园",
    "棠梨",
    "枇杷",
    "银杏",
    "金穗",
    "稻香",
    "麦垄",
    "菱塘",
    "荷风",
    "柳浪",
    "燕归",
    "鹤鸣",
    "凤栖",
    "龙脊",
    "雁南",
    "鹿回",
    "马鞍",
    "牛栏",
    "羊角",
    "鸡冠",
    "学宫",
    "文笔",
    "墨池",
    "书院",
    "状元",
    "进贤",
    "崇礼",
    "尚义",
    "怀仁",
    "守信",
    "明德",
    "致远",
    "宏图",
    "腾云",
    "创智",
    "科源",
    "天工",
    "长虹",
    "迎晖",
    "朝晖",
    "月牙",
    "星湖",
    "霞光",
    "雪山",
    "岷影",
    "湔水",
    "石亭",
    "绵远",
    "青衣",
    "玉垒",
    "平畴",
    "沃野",
    "丰年",
    "五谷",
    "仓前",
    "米市",
    "盐道",
    "茶马",
    "油坊",
    "酱园",
    "染坊",
    "铁局",
    "陶家",
    "瓦窑",
    "砖城",
    "城隍",
    "鼓楼",
    "钟亭",
    "塔影",
    "寺前",
    "桥头",
    "渡口",
    "河坎",
    "堰塘",
    "水碾",
    "双井",
    "三圣",
    "四知",
    "五桂",
    "六合",
    "七星",
    "八角",
    "九思",
    "十里",
    "百花",
    "千佛",
    "万卷",
    "春熙里",
    "夏荷",
    "秋枫",
    "冬青",
    "东篱",
    "西园",
    "南薰",
    "北辰",
    "中和",
    "太平",
    "永宁",
    "长安里",
    "安澜",
    "清漪",
    "碧潭",
    "绿漪",
    "翠屏",
    "紫薇",
    "丹桂",
    "红照",
    "黄葛",
    "白鹤",
    "玄武里",
    "金雁",
    "银梭",
    "铜鼓",
    "锡巷",
    "珍珠",
    "琥珀",
    "玛瑙",
    "翡翠",
    "珊瑚",
    "水晶",
    "画桥",
    "琴台里",
    "棋盘",
    "诗圣",
    "酒泉",
    "歌舞",
    "华阳里",
    "新程",
    "新桥",
    "新风",
    "前锋",
    "先锋",
    "友谊",
    "和睦",
    "团结",
    "幸福里",
    "康乐",
    "惠民",
    "利民",
    "富民",
    "强国",
    "兴业",
    "振业",
    "敬业",
    "乐业",
    "工农",
    "建设里",
    "东电",
    "机校",
    "纺专",
    "重机",
    "电瓷",
    "化肥",
    "磷矿",
    "水文",
    "气象",
    "测绘",
    "地勘",
    "林科",
    "农科",
];
const SECOND_STEMS: &[&str] = &[
    "锦", "桂", "柏", "榕", "枫", "樟", "楠", "梓", "桐", "槐", "榆", "柳", "桃", "李", "梨", "杏", "兰", "菊", "莲",
    "荷", "云", "霞", "星", "月", "泉", "溪", "湖", "潭", "洲", "渚", "岭", "岗", "坪", "坝", "苑", "庭", "和", "泰",
    "祥", "瑞",
];
const SECOND_TAILS: &[&str] = &[
    "华", "林", "芳", "香", "影", "风", "月", "云", "亭", "台", "阁", "园", "塘", "堰", "桥", "湾", "岸", "源", "屏",
    "秀", "明", "安", "宁", "康", "荣", "昌", "盛", "丰", "泽", "润", "清", "澄", "朗", "逸", "雅", "韵", "颂", "歌",
    "鸣", "翔",
];
const COMPOUND_TAILS_NEW: &[&str] = &[
    "雅苑", "华庭", "国际", "公馆", "名邸", "云著", "江岸", "天玺", "花园", "御府", "时代", "城", "悦府", "里", "原著",
];
const COMPOUND_TAILS_OLD: &[&str] = &["小区", "苑", "新村", "宿舍", "家属院", "花园", "大院", "生活区", "小院"];
const COURT_TAILS: &[&str] = &["院落", "大院", "小区", "宿舍", "家属院", "院"];
const SUBDISTRICT_STEMS: &[&str] =
    &["织造", "锦江湾", "文昌里", "金梭", "雁洲", "学宫", "青桑", "长渠", "迎春", "云机", "新丝", "鹭汀"];
const TOWN_STEMS: &[&str] = &["黄桷", "双堰", "青龙嘴", "白马关外", "丰稔", "石笋"];
const COMMUNITY_STEMS: &[&str] = &[
    "锦梭", "桑园", "书院", "鼓楼", "学宫", "棠梨", "百工", "安澜", "望江", "鹭洲", "柳浪", "荷风", "枇杷", "银杏",
    "双井", "染坊", "米市", "水碾", "城隍", "塔影", "迎晖", "明德", "致远", "天工", "创智", "长虹", "友谊", "和睦",
    "康乐", "惠民", "翠屏", "紫薇", "丹桂", "碧潭", "清漪", "月牙", "星湖", "玉垒", "沃野", "平畴", "丰年", "稻香",
    "金穗", "堰塘", "河坎", "桥头", "渡口", "三圣", "五桂", "七星", "九思", "百花", "千佛", "梅溪", "兰台", "松涛",
    "竹影", "听泉", "雪山", "燕归", "鹤鸣", "凤栖", "龙脊", "黄葛", "白鹤", "金雁", "铜鼓", "棋盘", "画桥", "新程",
    "前锋", "团结", "兴业", "乐业", "北辰",
];
const FIRMS: &[&str] =
    &["锦居", "安澜", "德馨", "华庭", "蜀安", "云管家", "和邻", "优邻", "百户", "金管家", "绿城里", "惠家"];
/// Names of persons and gods that schools, shops and temples carry.
const SHOP_STEMS: &[&str] = &[
    "康宁",
    "益民",
    "同济里",
    "仁和",
    "百姓",
    "惠友",
    "好又邻",
    "老街坊",
    "一心",
    "众康",
    "福来",
    "顺心",
    "金桥",
    "旺角",
    "鑫源",
    "阳光",
    "天天",
    "四季",
    "便利",
    "邻里",
    "万家",
    "小锦",
    "川味",
    "晨光",
    "文苑",
    "巧手",
    "快洁",
    "新月",
    "红旗里",
];

/// Gives names out, each once.
pub struct Names {
    dice: Dice,
    used: BTreeSet<String>,
}

impl Names {
    /// Names of one city.
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed, &[9]), used: BTreeSet::new() }
    }

    fn once(&mut self, mut make: impl FnMut(&mut Dice) -> String) -> String {
        let mut name = make(&mut self.dice);
        for round in 0..400 {
            if self.used.insert(name.clone()) {
                return name;
            }
            name = make(&mut self.dice);
            if round > 200 {
                name = format!("{name}{}", chinese(self.dice.whole(2, 30)));
            }
        }
        name
    }

    fn stem(dice: &mut Dice) -> String {
        if dice.chance(0.45) {
            (*dice.pick(STREET_STEMS)).to_owned()
        } else {
            format!("{}{}", dice.pick(SECOND_STEMS), dice.pick(SECOND_TAILS))
        }
    }

    /// A road's name without its ending.
    pub fn street(&mut self) -> String {
        self.once(Self::stem)
    }

    /// A compound's name, in the manner of its time.
    pub fn compound(&mut self, new: bool, open: bool) -> String {
        let tails = if new {
            COMPOUND_TAILS_NEW
        } else if open {
            COURT_TAILS
        } else {
            COMPOUND_TAILS_OLD
        };
        self.once(|dice| format!("{}{}", Self::stem(dice), dice.pick(tails)))
    }

    /// A subdistrict's or a town's name.
    pub fn subdistrict(&mut self, town: bool) -> String {
        let (stems, tail) = if town { (TOWN_STEMS, "镇") } else { (SUBDISTRICT_STEMS, "街道") };
        self.once(|dice| format!("{}{tail}", dice.pick(stems)))
    }

    /// A community's or a village's name.
    pub fn community(&mut self, village: bool) -> String {
        let tail = if village { "村" } else { "社区" };
        self.once(|dice| format!("{}{tail}", dice.pick(COMMUNITY_STEMS)))
    }

    /// A name with a given ending, such as a school's.
    pub fn with(&mut self, tail: &str) -> String {
        self.once(|dice| format!("{}{tail}", Self::stem(dice)))
    }

    /// A shop's name; several may share a sign.
    pub fn shop(&mut self, tail: &str) -> String {
        format!("{}{tail}", self.dice.pick(SHOP_STEMS))
    }

    /// A property manager.
    pub fn firm(&mut self) -> String {
        format!("{}物业服务有限公司", self.dice.pick(FIRMS))
    }
}

/// A number from 1 to 99 in Chinese.
pub fn chinese(n: u32) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let (tens, ones) = ((n / 10 % 10) as usize, (n % 10) as usize);
    match tens {
        0 => DIGITS[ones].to_owned(),
        1 => format!("十{}", DIGITS[ones]),
        _ => format!("{}十{}", DIGITS[tens], DIGITS[ones]),
    }
}
