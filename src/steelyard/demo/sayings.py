"""What people of the demo say of goods, in Chinese and English: pieces of reviews by stars, by kind of goods, questions."""

Two = tuple[str, str]

GOOD: tuple[Two, ...] = (
    ("和描述一致，做工很扎实，细节处理得不错。", "Exactly as described; well made, and the details are right."),
    ("发货很快，包装也用心，没有磕碰。", "Sent quickly and packed with care, nothing was bumped."),
    ("第二次买了，质量一直很稳定。", "My second one. The quality has stayed the same."),
    ("比想象中好，这个价格很值。", "Better than I expected; worth the price."),
    ("颜色和图片基本没有色差，家里人都说好看。", "The colour is that of the pictures, and everybody at home likes it."),
    ("客服回答很耐心，推荐的款式很合适。", "Patient answers from the shop, and good advice on which one to take."),
    ("手感很好，没有异味，放心。", "Feels good in the hand and has no smell at all."),
    ("送人的，对方很喜欢，包装拿得出手。", "A present that was very welcome; the box is nice enough to give away."),
    ("用了一周才来评价，目前很满意。", "I waited a week before writing this: still pleased."),
    ("朋友推荐来的，没有失望。", "A friend told me to buy it. I am not disappointed."),
)
MIDDLING: tuple[Two, ...] = (
    ("总体还行，就是比图片上小一点。", "All right on the whole, though smaller than it looks in the pictures."),
    ("质量可以，发货慢了两天。", "Good enough, but it was sent two days late."),
    ("做工一般，对得起这个价格吧。", "Nothing special. Fair for the price, I suppose."),
    ("颜色比图片深一些，介意的注意。", "Darker than in the picture; mind that if you care."),
    ("包装有点简单，东西本身没问题。", "The packaging is plain. The thing itself is fine."),
)
BAD: tuple[Two, ...] = (
    ("收到有一处划痕，联系客服给补偿了一部分。", "It came with a scratch. The shop paid some of the price back."),
    ("和描述有差距，有点失望。", "Not quite what was described. A little disappointing."),
    ("用了几天就松了，希望改进。", "It came loose after a few days. I hope they improve it."),
    ("等了一个星期才到，包装都压扁了。", "It took a week, and the box was crushed."),
)
# By category, what only such goods are praised or blamed for.
OF_KIND: dict[str, tuple[Two, ...]] = {
    "shoes": (
        ("尺码标准，平时穿 42 就拍 42，不磨脚。", "True to size: I take 42 as always. No rubbing."),
        ("鞋底软硬合适，走一天不累。", "The sole is just right; I can walk in them all day."),
        ("偏瘦一点，脚宽的建议拍大半码。", "A little narrow. With broad feet take half a size more."),
    ),
    "accessories": (
        ("戴着很轻，鼻托不压。", "Light to wear, nothing presses."),
        ("上手质感很好，通勤每天都用。", "Looks and feels good; I use it every day."),
        ("缝线整齐，五金件没有毛刺。", "Neat seams, and no rough edges on the metal."),
    ),
    "toys": (
        ("孩子爱不释手，边角打磨得很圆。", "My child will not put it down. The edges are nicely rounded."),
        ("零件没有异味，给宝宝玩放心。", "No smell at all, so I let the little one play with it."),
        ("结实，摔了几次都没事。", "Sturdy: it has survived several falls."),
    ),
    "home": (
        ("放在桌上很搭，光线也舒服。", "Looks good on the table, and the light is pleasant."),
        ("釉面均匀，倒水不滴漏。", "Even glaze, and it pours without dripping."),
        ("纸张厚实，钢笔写不透。", "Heavy paper; a fountain pen does not show through."),
    ),
    "care": (
        ("剃得干净，噪音小，充一次电用半个月。", "A close shave, quiet, and a charge lasts two weeks."),
        ("刀头好拆好洗。", "The head comes off easily and is quick to clean."),
    ),
    "craft": (
        ("螺纹顺滑，装上不漏水。", "The thread runs smoothly and nothing leaks."),
        ("尺寸准，批量用没问题。", "Exact sizes; fine for use in quantity."),
        ("扣面光滑，颜色统一，做衣服用很合适。", "Smooth and even in colour, just right for sewing."),
    ),
}
FOLLOW_UPS: tuple[Two, ...] = (
    ("用了一个月，没有任何问题，追评一下。", "A month later: no trouble at all."),
    ("洗了几次没褪色，值得回购。", "Washed a few times and the colour is the same. I would buy it again."),
    ("后来又买了一个给爸妈。", "I have bought another for my parents since."),
    ("时间长了有点松，不过还能用。", "A little loose by now, but it still does its work."),
    ("客服主动回访，态度点赞。", "The shop asked by itself whether all was well. I like that."),
)
REPLIES: tuple[Two, ...] = (
    ("感谢您的支持，您的满意是我们的动力！", "Thank you. We are glad that you like it."),
    ("谢谢这么详细的评价，欢迎再来。", "Thank you for such a detailed review. See you again."),
)
APOLOGIES: tuple[Two, ...] = (
    ("非常抱歉给您带来不好的体验，已为您登记补发，请留意快递。", "We are sorry. A replacement is on its way to you."),
    (
        "感谢反馈，这批货我们已经联系工厂整改，售后随时联系我们。",
        "Thank you for telling us. The workshop knows; write to us any time.",
    ),
)
QUESTIONS: tuple[tuple[Two, Two, Two], ...] = (
    (
        ("实物颜色和图片差别大吗？", "Does the colour differ much from the picture?"),
        ("亲，图片为实物拍摄，色差很小。", "The pictures show the real thing; there is hardly a difference."),
        ("差别不大，屏幕上略亮一点。", "Hardly. It is a little brighter on the screen."),
    ),
    (
        ("今天下单什么时候发货？", "If I order today, when is it sent?"),
        ("下午四点前下单当天发货，之后次日发。", "Before four in the afternoon on the same day, otherwise the next."),
        ("我是第二天就发了。", "Mine was sent the next day."),
    ),
    (
        ("可以开发票吗？", "Do I get an invoice?"),
        ("可以的，下单后在订单里申请电子发票即可。", "Yes. Ask for it in your order; it comes by mail."),
        ("有电子发票，很快就收到了。", "Yes, it came quickly."),
    ),
    (
        ("送人合适吗，有礼盒吗？", "Is it good as a present? Is there a gift box?"),
        ("有礼盒包装，备注一下即可，不另收费。", "There is a gift box. Just leave a note; it costs nothing."),
        ("包装挺好看的，送朋友正合适。", "The box is nice. I gave it to a friend."),
    ),
    (
        ("有味道吗？", "Does it smell of anything?"),
        (
            "所用材料符合国家标准，开封后通风半天即可。",
            "The materials meet the national standards; air it for half a day.",
        ),
        ("刚打开有一点，第二天就没了。", "A little at first. It was gone the next day."),
    ),
    (
        ("质量怎么样，用久了会坏吗？", "How is the quality? Does it last?"),
        ("本店商品一年质保，放心使用。", "We give a warranty of one year."),
        ("用了半年了，还跟新的一样。", "I have had it for half a year and it looks new."),
    ),
    (
        ("尺寸准不准？", "Are the measures exact?"),
        ("手工测量，误差在正负 2 毫米以内。", "Measured by hand, within two millimetres."),
        ("我量过，很准。", "I measured it: exact."),
    ),
)
