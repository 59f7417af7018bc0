"""ROS 2: nodes that carry the core's values in and out, and nothing else. The only room that imports rclpy."""
