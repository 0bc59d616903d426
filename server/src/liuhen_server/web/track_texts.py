"""What the clip page says of where a film was made."""

from liuhen_server.web.stay_texts import Text

__all__ = ["TRACK_TEXTS"]

TRACK_TEXTS: dict[str, Text] = {
    "track.title": Text("拍摄轨迹", "Where it was filmed"),
    "track.lead": Text(
        "由记录仪写入影像的卫星定位，采集站取出时已签名；是否准确，由记录仪自述。点选一处，播放器跳到当时。",
        "Positions that the recorder wrote into the film, signed by the dock as it took them out; that they are right is the "
        "recorder's own word. Choose a point, and the player goes there.",
    ),
    "track.picture": Text(
        "轨迹略图，上方为北：{count} 个位置，从 {began} 到 {ended}",
        "Sketch, north above: {count} positions, {began} to {ended}",
    ),
    "track.begin": Text("起", "begin"),
    "track.end": Text("止", "end"),
    "track.metres": Text("{count} 米", "{count} m"),
    "track.kilometres": Text("{count} 公里", "{count} km"),
    "track.list": Text("位置列表（{count} 处）", "List of positions ({count})"),
    "track.at": Text("影像时间", "In the film"),
    "track.time": Text("记录仪时间", "By the recorder"),
    "track.latitude": Text("纬度", "Latitude"),
    "track.longitude": Text("经度", "Longitude"),
    "track.unreadable": Text(
        "采集站取出过轨迹，但证据库中的字节已不是所签名的内容，或不是轨迹。",
        "The dock took out a track, but what the archive holds is not what was signed, or no track.",
    ),
    "track.there": Text("有，见下方轨迹", "there are, see the track below"),
    "track.not_yours": Text("有；您不能观看本影像", "there are; you do not see this footage"),
}
